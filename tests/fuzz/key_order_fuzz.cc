// The order of keys, and all that searches by it instead of by the keys: the bytes that keys share, the heads of keys, and the heads that a table keeps of its groups. The yardstick
// is the order of plain strings.
#include <algorithm>
#include <vector>

#include "base/key_head.h"
#include "fuzz/fuzz_target.h"
#include "table/fences.h"

namespace {

using namespace firn;

struct Key {
  InternalKey key;
  std::string text;  // as one string: the prefix, big-endian, then the user's bytes
};

int sign(int order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

void compare(const Key& a, const Key& b) {
  const int order = a.text.compare(b.text);
  FIRN_DEMAND(sign(a.key.compare(b.key)) == sign(order));
  FIRN_DEMAND((a.key == b.key) == (order == 0));
  FIRN_DEMAND((a.key.user < b.key.user) == (a.text.substr(4) < b.text.substr(4)));
  FIRN_DEMAND(a.key.user.starts_with(b.key.user) == (a.text.compare(4, b.text.size() - 4, b.text, 4) == 0));
  const auto parted = std::mismatch(a.text.begin(), a.text.end(), b.text.begin(), b.text.end());
  const auto shared = static_cast<size_t>(parted.first - a.text.begin());
  FIRN_DEMAND(shared_bytes(a.key, b.key) == shared);
  for (size_t skip = 0; skip <= shared; skip++) {
    const uint64_t head_a = key_head(a.key, skip);
    const uint64_t head_b = key_head(b.key, skip);
    if (head_a < head_b) FIRN_DEMAND(order < 0);
    if (order == 0) FIRN_DEMAND(head_a == head_b);
  }
}

// The keys are ascending.
void compare_fences(const std::vector<Key>& keys) {
  FencesBuilder fences;
  for (size_t i = 0; i < keys.size(); i++) fences.add_group(keys[i].key, i * 100, keys[0].key);
  const size_t common = shared_bytes(keys.front().key, keys.back().key);
  for (uint32_t i = 0; i < fences.group_count(); i++) {
    FIRN_DEMAND(fences.offset(i) == i * 100);
    FIRN_DEMAND(fences.head(i, keys[0].key, common) == key_head(keys[i].key, common));
    if (i > 0) FIRN_DEMAND(fences.head(i - 1, keys[0].key, common) <= fences.head(i, keys[0].key, common));
  }
}

}  // namespace

FIRN_FUZZ_TARGET(key_order)(FuzzInput& input) {
  constexpr size_t kKeysMax = 12;
  std::vector<std::string> texts;
  while (!input.empty() && texts.size() < kKeysMax) {
    // Near ones: the prefix in a byte, at any place of the four; the beginning of the key before.
    const uint8_t how = input.byte();
    std::string prefix(4, '\0');
    prefix[how % 4] = static_cast<char>(input.byte());
    const std::string start = texts.empty() ? std::string() : texts.back().substr(4, how / 4);
    texts.push_back(prefix + start + input.piece(40));
  }
  if (texts.empty()) return;
  std::sort(texts.begin(), texts.end());
  std::vector<Key> keys;
  for (const std::string& text : texts)
    keys.push_back(
        {{__builtin_bswap32(load_u32(reinterpret_cast<const uint8_t*>(text.data()))), Slice(std::string_view(text)).without_first(4)},
         text});
  for (const Key& a : keys) {
    for (const Key& b : keys) compare(a, b);
  }
  compare_fences(keys);
}
