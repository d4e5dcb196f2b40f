// The matrix of damage: for each kind of file and each class of faults, how often the answers were the same, refused, or cut at the end of the log.
//
// Threading: one thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace firn {

enum class Outcome {
  kSame,         // every answer is what it was
  kRefused,      // an opening or a read has answered kCorrupt or its kind, everything else is what it was
  kCut,          // the end of the log is gone, and the opening said so; nothing that a mark covered
  kCutWithMark,  // the end of the log is gone, and the opening said so; the damage took the mark that covered it with it
  kCutUntold,  // the end of the log is gone, and nothing is left that told of it: allowed where a whole sector, or the file's end, is gone
  kShorterFeed,  // every answer is what it was, but the change feed reads less far back, and tells its readers so
  kSilent        // another answer: forbidden
};
inline constexpr size_t kOutcomeCount = 7;
const char* name_of(Outcome outcome);

class DamageMatrix {
 public:
  void count(const std::string& file_kind, const std::string& fault_class, Outcome outcome);
  uint64_t total(Outcome outcome) const;
  std::string markdown() const;

 private:
  std::map<std::pair<std::string, std::string>, std::array<uint64_t, kOutcomeCount>> cells_;
};

}  // namespace firn
