#include "crashfs/damage_matrix.h"

#include <algorithm>

namespace firn {

const char* name_of(Outcome outcome) {
  constexpr const char* kNames[kOutcomeCount] = {
      "same answers",       "refused", "cut, reported", "cut with its mark, reported", "cut, nothing left to tell",
      "feed shorter, told", "silent"};
  return kNames[static_cast<size_t>(outcome)];
}

void DamageMatrix::count(const std::string& file_kind, const std::string& fault_class, Outcome outcome) {
  cells_[{file_kind, fault_class}][static_cast<size_t>(outcome)]++;
}

uint64_t DamageMatrix::total(Outcome outcome) const {
  uint64_t sum = 0;
  for (const auto& [cell, counts] : cells_) sum += counts[static_cast<size_t>(outcome)];
  return sum;
}

std::string DamageMatrix::markdown() const {
  std::string text = "| file | damage |";
  for (size_t i = 0; i < kOutcomeCount; i++) text += std::string(" ") + name_of(static_cast<Outcome>(i)) + " |";
  text += "\n| --- | --- |";
  for (size_t i = 0; i < kOutcomeCount; i++) text += " ---: |";
  const auto add_row = [&text](const std::string& file, const std::string& fault, const auto& counts) {
    text += "\n| " + file + " | " + fault + " |";
    for (const uint64_t number : counts) text += " " + std::to_string(number) + " |";
  };
  std::array<uint64_t, kOutcomeCount> sums{};
  for (const auto& [cell, counts] : cells_) {
    add_row(cell.first, cell.second, counts);
    for (size_t i = 0; i < kOutcomeCount; i++) sums[i] += counts[i];
  }
  add_row("all", "all", sums);
  return text + "\n";
}

}  // namespace firn
