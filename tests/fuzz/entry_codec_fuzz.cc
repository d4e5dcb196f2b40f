// Any bytes as varints, as entries of a table and as entries of a log, at every offset: what decodes lies inside the bytes, the fast way and the slow one agree, and what is
// encoded again decodes to the same.
#include "table/entry_codec.h"

#include <memory>

#include "fuzz/fuzz_target.h"
#include "lsm/log_entry.h"

namespace {

using namespace firn;

void read_varint(const uint8_t* at, const uint8_t* end) {
  uint32_t value = 0;
  const uint8_t* const behind = get_varint32(at, end, &value);
  if (behind == nullptr) return;
  const auto bytes = static_cast<size_t>(behind - at);
  FIRN_DEMAND(behind <= end && bytes >= varint32_bytes(value) && bytes <= kVarint32BytesMax);
  uint8_t again[kVarint32BytesMax];
  FIRN_DEMAND(put_varint32(again, value) == again + varint32_bytes(value));
  uint32_t same = 0;
  FIRN_DEMAND(get_varint32(again, again + varint32_bytes(value), &same) == again + varint32_bytes(value) && same == value);
  FIRN_DEMAND(get_varint32(again, again + varint32_bytes(value) - 1, &same) == nullptr);
}

bool are_equal(const EntryHeader& a, const EntryHeader& b) {
  return a.key_bytes == b.key_bytes && a.value_bytes == b.value_bytes && a.header_bytes == b.header_bytes && a.kind == b.kind &&
         a.seq_delta == b.seq_delta && a.expiry_ms == b.expiry_ms;
}

void read_entry(const uint8_t* at, const uint8_t* end, size_t seq_width) {
  EntryHeader header{};
  EntryHeader slow{};
  const bool is_one = decode_entry_header(at, end, seq_width, &header);
  FIRN_DEMAND(is_one == entry_codec::decode_slow(at, end, seq_width, &slow));
  if (!is_one) return;
  FIRN_DEMAND(are_equal(header, slow));
  FIRN_DEMAND(header.header_bytes <= kEntryHeaderBytesMax && header.total_bytes() <= static_cast<uint64_t>(end - at));
  Entry entry;
  fill_entry(at, header, 1, 1000, &entry);
  FIRN_DEMAND(entry.value.end() <= end && entry.key.user.data() == at + header.header_bytes);
  std::string again(kEntryHeaderBytesMax, '\0');
  auto* const to = reinterpret_cast<uint8_t*>(again.data());
  const auto bytes = static_cast<size_t>(encode_entry_header(to, entry, header.seq_delta, seq_width) - to);
  FIRN_DEMAND(bytes <= header.header_bytes);
  again.resize(bytes);
  again += entry.key.user.to_string() + entry.value.to_string();
  FIRN_DEMAND(decode_entry_header(reinterpret_cast<uint8_t*>(again.data()), reinterpret_cast<uint8_t*>(again.data()) + again.size(),
                                  seq_width, &slow));
  header.header_bytes = static_cast<uint32_t>(bytes);
  FIRN_DEMAND(are_equal(header, slow));
}

void read_log_entry(Slice rest) {
  const uint64_t bytes = check_log_entry(rest);
  if (bytes == 0) return;
  FIRN_DEMAND(bytes <= rest.size() && bytes == log_entry_bytes_at(rest.data()));
  const Entry entry = decode_log_entry(rest.data());
  FIRN_DEMAND(entry.value.end() <= rest.data() + bytes && entry.key.user.data() >= rest.data());
  FIRN_DEMAND(log_entry_key(rest.data()) == entry.key);
  FIRN_DEMAND(count_log_entries(rest) >= 1);
}

}  // namespace

FIRN_FUZZ_TARGET(entry_codec)(FuzzInput& input) {
  const size_t seq_width = input.byte() % 9;
  const std::string text = input.rest();
  // Exactly as many bytes as there are, so that a sanitizer sees one that is read behind them.
  const std::unique_ptr<uint8_t[]> bytes(new uint8_t[text.size()]);
  std::copy(text.begin(), text.end(), bytes.get());
  const uint8_t* const end = bytes.get() + text.size();
  for (const uint8_t* at = bytes.get(); at < end && at < bytes.get() + 256; at++) {
    read_varint(at, end);
    read_entry(at, end, seq_width);
    read_log_entry(Slice(at, static_cast<size_t>(end - at)));
  }
}
