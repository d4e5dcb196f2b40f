// Trims, resets and retention: the part of DurableLog that takes records away. Each first writes the state, then shows the change, then removes files.
#include <algorithm>

#include "durable_log/durable_log.h"

namespace firn {

// Writes the state that these parts, the spare segment and `first` make.
Status DurableLog::save(const Parts& parts, uint64_t first, bool closed_clean) {
  LogState state = state_;
  state.first = first;
  state.next = next();
  state.closed_clean = closed_clean;
  state.parts.clear();
  for (const Part& part : parts) {
    state.parts.push_back({part.part->id(), part.part->first(), part.until, part.base, part.end, part.last_time_ms});
  }
  if (spare_ != nullptr) state.parts.push_back({spare_->id(), UINT64_MAX, UINT64_MAX, spare_->base(), 0, 0});
  state_.number = state.number + 1;  // whatever comes of it: the file may be there
  Status status = state.save(*directory_);
  if (status.is(Code::kNoSpace)) return status;
  if (!status.ok()) return fail(status);
  state_ = std::move(state);
  return {};
}

void DurableLog::seal_active(Parts* parts) const {
  if (active_ == nullptr || parts->empty() || parts->back().part != active_) return;
  parts->back().end = log_->end();
  parts->back().last_time_ms = last_time_ms_;
}

// The state does not name them any more: a file that cannot be removed goes with the next opening, and is no failure of the call that gave it up.
void DurableLog::unlink_others(const Parts& before, const Parts& after) {
  for (const Part& part : before) {
    const bool stays = std::any_of(after.begin(), after.end(), [&](const Part& other) { return other.part == part.part; });
    if (!stays) unlink(part.part->id());
  }
}

void DurableLog::unlink(uint64_t segment_id) {
  char name[32];
  write_segment_name(segment_id, name);
  (void)segments_->remove(name).ok();
}

// Appends go on meanwhile: what is taken away lies in front of them.
Status DurableLog::trim_before(uint64_t index) {
  FIRN_TRY(check_writable());
  const std::lock_guard state_lock(state_mutex_);
  if (index < first() || index > next()) return Code::kInvalid;
  const Parts before = parts_;
  Parts parts;
  for (size_t i = 0; i < before.size(); i++) {
    const bool is_last = i + 1 == before.size();
    if (is_last || before[i + 1].part->first() > index) parts.push_back(before[i]);
  }
  auto view = view_of(parts);
  FIRN_TRY(save(parts, index, false));
  first_.store(index, std::memory_order_release);
  publish(std::move(parts), std::move(view));
  unlink_others(before, parts_);
  return {};
}

Status DurableLog::trim_after(uint64_t index) {
  const std::lock_guard lock(append_mutex_);
  FIRN_TRY(check_writable());
  if (index < first() || index >= next()) return Code::kInvalid;
  FIRN_TRY(settle());  // what stays is durable
  const std::lock_guard state_lock(state_mutex_);
  if (index < first()) return Code::kInvalid;  // a trim at the front came between
  Parts parts = parts_;
  seal_active(&parts);
  while (parts.back().part->first() > index) parts.pop_back();
  parts.back().until = index + 1;
  const LogPosition end = parts.back().end;
  return cut(std::move(parts), first(), index + 1, end);
}

Status DurableLog::reset(uint64_t next_index) {
  const std::lock_guard lock(append_mutex_);
  FIRN_TRY(check_writable());
  if (next_index > kIndexMax) return Code::kInvalid;
  FIRN_TRY(settle());  // whoever waits for a position of before has it
  const std::lock_guard state_lock(state_mutex_);
  return cut({}, next_index, next_index, 0);
}

// In an order in which nobody sees records between the bounds that never were: see bounds().
void DurableLog::set_bounds(uint64_t first, uint64_t next) {
  if (first > this->first()) first_.store(first, std::memory_order_release);
  next_.store(next, std::memory_order_release);
  first_.store(first, std::memory_order_release);
}

// append_mutex_ and state_mutex_ are held. The log consists of these parts, sealed, and goes on in a segment of its own.
Status DurableLog::cut(Parts parts, uint64_t first, uint64_t next, LogPosition end) {
  const Parts before = parts_;
  auto view = view_of(parts);
  FIRN_TRY(save(parts, first, false));
  {
    // What is left is durable: trim_after() has seen to it. In one piece for who looks how far there is something to make durable: see settle().
    const std::lock_guard lock(wait_mutex_);
    cut_count_++;
    durable_.store(next, std::memory_order_release);
    set_bounds(first, next);
  }
  publish(std::move(parts), std::move(view));
  active_.reset();
  log_->cut(end);
  unlink_others(before, parts_);
  {
    const std::lock_guard lock(wait_mutex_);
    moved_.notify_all();  // what they wait for may never come
  }
  event_fd_.signal();
  return {};
}

Result<uint64_t> DurableLog::retain() {
  FIRN_TRY(check_writable());
  if (options_.retention_bytes == 0 && options_.retention_ms == 0) return uint64_t{0};
  const std::lock_guard state_lock(state_mutex_);
  const int64_t now_ms = env_->wall_ms();
  Parts parts = parts_;
  const auto bytes_of = [this](const Part& part) { return (part.end != 0 ? part.end : log_->end()) - part.base; };
  uint64_t bytes = 0;
  for (const Part& part : parts) bytes += bytes_of(part);
  size_t gone = 0;
  while (gone + 1 < parts.size()) {
    const Part& part = parts[gone];
    const bool is_over = options_.retention_bytes != 0 && bytes > options_.retention_bytes;
    const bool is_old = options_.retention_ms != 0 && now_ms - part.last_time_ms > static_cast<int64_t>(options_.retention_ms);
    if (!is_over && !is_old) break;
    bytes -= bytes_of(part);
    gone++;
  }
  if (gone == 0) return uint64_t{0};
  const Parts before = parts_;
  parts.erase(parts.begin(), parts.begin() + static_cast<ptrdiff_t>(gone));
  const uint64_t first = std::max(this->first(), parts.front().part->first());
  auto view = view_of(parts);
  FIRN_TRY(save(parts, first, false));
  first_.store(first, std::memory_order_release);
  publish(std::move(parts), std::move(view));
  unlink_others(before, parts_);
  return uint64_t{gone};
}

}  // namespace firn
