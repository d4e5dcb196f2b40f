#include "schedule/policies.h"

#include <algorithm>

namespace schedule_test {

RandomPriorities::RandomPriorities(uint64_t seed, int depth, uint64_t place_count)
    : random_(seed), next_low_(static_cast<uint64_t>(depth)) {
  for (int i = 1; i < depth; i++) change_at_.push_back(random_() % place_count);
  std::sort(change_at_.rbegin(), change_at_.rend());
}

int RandomPriorities::choose(const std::vector<int>& ready, int running, int, Place) {
  const auto count = static_cast<size_t>(std::max(ready.back(), running)) + 1;
  while (priorities_.size() < count) priorities_.push_back(next_low_ + 1 + random_() % (UINT64_MAX / 2));
  const uint64_t place = place_++;
  for (; !change_at_.empty() && change_at_.back() <= place; change_at_.pop_back()) priorities_[static_cast<size_t>(running)] = --next_low_;
  return *std::max_element(ready.begin(), ready.end(),
                           [this](int a, int b) { return priorities_[static_cast<size_t>(a)] < priorities_[static_cast<size_t>(b)]; });
}

int EveryOrder::choose(const std::vector<int>& ready, int running, int first_of_program, Place place) {
  const auto begin = std::lower_bound(ready.begin(), ready.end(), first_of_program);
  const auto count = static_cast<size_t>(ready.end() - begin);
  const auto goes_on = std::find(ready.begin(), ready.end(), running);
  if (count == 0) return goes_on != ready.end() ? running : ready.front();
  const bool is_of_program = running >= first_of_program && goes_on != ready.end();
  if (is_of_program && (place == Place::kLock || count == 1)) return running;
  if (count == 1) return *begin;
  if (at_ == choices_.size()) choices_.push_back('a');
  last_possible_.resize(at_);
  last_possible_.push_back(static_cast<char>('a' + count - 1));
  const auto choice = static_cast<size_t>(choices_[at_++] - 'a');
  if (choice >= count) return ready.back();  // choices of another program
  // The thread that runs comes first, the others in their order behind it.
  const auto first = is_of_program ? static_cast<size_t>(goes_on - begin) : 0;
  return begin[static_cast<ptrdiff_t>((first + choice) % count)];
}

bool EveryOrder::advance() {
  choices_.resize(at_);
  at_ = 0;
  while (!choices_.empty() && choices_.back() >= last_possible_[choices_.size() - 1]) choices_.pop_back();
  if (choices_.empty()) return false;
  choices_.back()++;
  return true;
}

}  // namespace schedule_test
