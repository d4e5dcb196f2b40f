#include "compare/url_keys.h"

#include <algorithm>

#include "compare/dataset.h"

namespace bench {
namespace {

constexpr size_t kHosts = 256;

std::vector<std::string> split_words(const char* text) {
  std::vector<std::string> words(1);
  for (; *text != '\0'; ++text) {
    if (*text == ' ')
      words.emplace_back();
    else
      words.back() += *text;
  }
  return words;
}

// 256 names, "http://m.rivernet.org/" to "https://static.alpinejournal.co.uk/", in order.
std::vector<std::string> host_names() {
  const auto first = split_words("alpine amber blue bright city crystal daily eagle first forest golden harbour iron river silver sun");
  const auto second = split_words("bank books cars chat data food games garden health homes jobs journal maps music net shop");
  const auto sub = split_words("www m shop news blog api static docs");
  const auto top = split_words("com org net co.uk example de io com");
  std::vector<std::string> names;
  for (size_t i = 0; i < kHosts; ++i) {
    const uint64_t draw = mix64(i + 1);
    names.push_back((draw % 5 == 0 ? "http://" : "https://") + sub[(draw >> 8) % 8] + "." + first[i % 16] + second[i / 16] + "." +
                    top[(draw >> 16) % 8] + "/");
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Slots of each host: one, and a share of the others after a zipfian law, the ranks scattered over the alphabet.
std::vector<uint64_t> host_slots(uint64_t slots) {
  std::vector<double> weights(kHosts);
  const Permutation rank(kHosts, 3);
  double sum = 0;
  for (size_t i = 0; i < kHosts; ++i) sum += weights[i] = 1.0 / static_cast<double>(rank(i) + 1);
  std::vector<uint64_t> counts(kHosts);
  double weight_before = 0;
  uint64_t given = 0;
  for (size_t i = 0; i < kHosts; ++i) {
    weight_before += weights[i];
    const auto end = static_cast<uint64_t>(weight_before / sum * static_cast<double>(slots - kHosts) + 0.5) + i + 1;
    counts[i] = end - given;
    given = end;
  }
  return counts;
}

}  // namespace

UrlKeys::Part UrlKeys::part(const std::string& text) {
  Part part{};
  std::memcpy(part.bytes, text.data(), std::min(text.size(), sizeof part.bytes));
  part.size = static_cast<uint8_t>(text.size());
  return part;
}

std::array<UrlKeys::Part, 32> UrlKeys::sorted_parts(std::vector<std::string> words) {
  for (auto& word : words) word += '/';  // sorted as they will be compared
  std::sort(words.begin(), words.end());
  std::array<Part, 32> parts;
  std::transform(words.begin(), words.end(), parts.begin(), part);
  return parts;
}

UrlKeys::UrlKeys(uint64_t domain)
    : scale_(~uint64_t{0} / std::max<uint64_t>(domain, 1)),
      sections_(sorted_parts(split_words(
          "account archive article artist author book cart category channel collection comments community events forum gallery help item "
          "library magazine members news offers orders photos products profile projects questions reviews search stories video"))),
      topics_(sorted_parts(split_words(
          "2021 2022 2023 2024 2025 architecture astronomy baking biology chess climate design economy electronics fashion football "
          "furniture geography health history jazz law mountains music opera philosophy poetry politics science ski theatre travel"))),
      titles_(sorted_parts(split_words(
          "all best-of-the-year five-things-to-know how-it-works how-to-begin-without-fear id in-depth index interview-with-the-team "
          "latest list most-read new notes-from-the-field old on-a-budget p page part-one part-two questions-and-answers "
          "reader-letters recommended-for-you s short-reads summary ten-years-later the-complete-guide updates view what-comes-next "
          "what-nobody-told-you-about-the-first-thirty"))) {
  constexpr uint64_t kSlots = uint64_t{1} << kSlotBits;
  const auto names = host_names();
  const auto counts = host_slots(kSlots);
  uint64_t slot = 0;
  for (size_t i = 0; i < kHosts; ++i) {
    hosts_.push_back({part(names[i]), slot << (64 - kSlotBits), (kSlots << 32) / counts[i]});
    for (uint64_t end = slot + counts[i]; slot < end; ++slot) host_of_slot_[slot] = static_cast<uint8_t>(i);
  }
}

}  // namespace bench
