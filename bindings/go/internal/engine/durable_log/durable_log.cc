#include "durable_log/durable_log.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "env/thread_mark.h"

namespace firn {
namespace {

constexpr uint64_t kSegmentGrowth = 8;
constexpr int64_t kWallLookNs = 1'000'000'000;
constexpr uint64_t kSlotBytes = 16;  // of a segment, for each record at least

}  // namespace

DurableLog::~DurableLog() {
  stop_keepers();
  delete view_.load();
}

Status DurableLog::check_writable() const {
  if (options_.read_only) return {Code::kReadOnly, "the log was opened read-only", path_};
  if (is_failed_.load(std::memory_order_acquire)) return {Code::kReadOnly, "an earlier write or sync failed: reopen the log", path_};
  return {};
}

Status DurableLog::error() const {
  const std::lock_guard lock(error_mutex_);
  return error_;
}

Status DurableLog::fail(const Status& cause) {
  {
    const std::lock_guard lock(error_mutex_);
    if (error_.ok()) error_ = cause;
  }
  is_failed_.store(true, std::memory_order_release);
  const Status::Detail* detail = cause.detail();
  return {Code::kIndeterminate, cause.message(), detail ? detail->file : "", detail ? detail->offset : 0, detail ? detail->os_errno : 0};
}

// ---- Appending ------------------------------------------------------------------------------------------------------------

Result<uint64_t> DurableLog::append(const Slice* records, size_t count) {
  if (count == 0) return next();
  uint64_t data_bytes = 0;
  for (size_t i = 0; i < count; i++) data_bytes += records[i].size();
  const uint64_t payload_bytes = block_bytes(count, data_bytes);
  if (payload_bytes > kRecordPayloadBytesMax || count > UINT32_MAX) return Code::kTooLarge;

  std::unique_lock lock(append_mutex_);
  if (options_.read_only || is_failed_.load(std::memory_order_acquire)) [[unlikely]]
    return check_writable();
  if (active_ == nullptr || !log_->fits(payload_bytes) || !active_->has_room(count)) [[unlikely]]
    FIRN_TRY(roll(payload_bytes, count));
  const uint64_t index = next_.load(std::memory_order_relaxed);
  if (count > kIndexMax - index) return Code::kTooLarge;
  FIRN_TRY(log_->make_present(payload_bytes));
  last_time_ms_ = std::max(last_time_ms_, time_of_append());
  if (Status status = log_->make_ready(); !status.ok()) [[unlikely]]
    return fail(status);
  const uint64_t offset = log_->active_offset() + kRecordHeaderBytes;
  uint8_t* const place = log_->active()->image() + offset;
  Status appended;
  if (count == 1) {
    appended = log_->append_checked(payload_bytes, encode_single(place, log_->checksum_seed(), index, last_time_ms_, records[0]));
  } else {
    encode_block(place, index, last_time_ms_, records, count);
    appended = log_->append(payload_bytes);
  }
  if (!appended.ok()) [[unlikely]]
    return fail(appended);
  active_->add(offset, static_cast<uint32_t>(count));
  next_.store(index + count, std::memory_order_release);
  active_->settle(false);
  const End end{log_->end(), index + count, cut_count_};
  const bool upkeep_due = offset >= upkeep_at_;
  if (upkeep_due) upkeep_at_ = UINT64_MAX;
  lock.unlock();

  if (upkeep_due) [[unlikely]]
    call_keepers();
  if (has_followers()) FIRN_TRY(serve_followers(end, count));
  if (options_.single_threaded && std::exchange(is_keeping_due_, false)) [[unlikely]] {
    keep_disk();
    while (keep_pages()) {
    }
  }
  return index;
}

// append_mutex_ is held. The coarse clock costs a third of the wall clock, which is looked at once a second: it may be set while the log is open.
inline int64_t DurableLog::time_of_append() {
  const int64_t now_ns = env_->monotonic_coarse_ns();
  if (now_ns >= wall_look_at_ns_) [[unlikely]] {
    wall_look_at_ns_ = now_ns + kWallLookNs;
    wall_offset_ms_ = env_->wall_ms() - now_ns / 1'000'000;
  }
  return wall_offset_ms_ + now_ns / 1'000'000;
}

// Whether somebody waits for an append, or the append for a sync.
inline bool DurableLog::has_followers() const {
  return is_watched_.load(std::memory_order_relaxed) || waiter_count_.load(std::memory_order_relaxed) != 0 ||
         options_.durability == Durability::kSync || options_.durability == Durability::kEvery;
}

Status DurableLog::serve_followers(const End& end, size_t count) {
  if (is_watched_.load(std::memory_order_relaxed) && is_watched_.exchange(false)) event_fd_.signal();
  if (waiter_count_.load(std::memory_order_relaxed) != 0) {
    const std::lock_guard lock(wait_mutex_);
    moved_.notify_all();
  }
  if (options_.durability == Durability::kSync) {
    FIRN_TRY(settle(end));
  } else if (options_.durability == Durability::kEvery) {
    const uint64_t before = appends_since_sync_.fetch_add(count, std::memory_order_relaxed);
    if (before < options_.durability_every_count && before + count >= options_.durability_every_count) call_disk_keeper();
  }
  return {};
}

// append_mutex_ is held. The next segment is the spare one, which the state names already, or made now.
Status DurableLog::roll(uint64_t payload_bytes, size_t count) {
  const uint64_t needed = std::max(kSegmentHeaderBytes + 2 * kMarkBytes + record_bytes(payload_bytes), kSlotBytes * count);
  const std::lock_guard lock(state_mutex_);
  if (spare_ != nullptr && spare_->capacity() < needed) {
    const uint64_t id = spare_->id();
    spare_.reset();
    FIRN_TRY(save(parts_, first(), false));
    unlink(id);
  }
  if (spare_ == nullptr) FIRN_TRY(make_spare(needed));
  Parts parts = parts_;
  seal_active(&parts);
  if (active_ != nullptr) active_->settle(true);
  FIRN_TRY_ASSIGN(auto part, LogPart::create(spare_, next()));
  parts.push_back({part, UINT64_MAX, spare_->base(), 0, 0});
  auto view = view_of(parts);
  if (Status status = log_->activate(spare_); !status.ok()) return fail(status);
  active_ = std::move(part);
  spare_.reset();
  upkeep_at_ = 0;
  publish(std::move(parts), std::move(view));
  call_keepers();  // make the pages ahead present, and what was sealed durable
  return {};
}

// state_mutex_ is held. Of at least so many bytes.
Status DurableLog::make_spare(uint64_t segment_bytes_min) {
  FIRN_TRY_ASSIGN(auto segment, log_->prepare(std::max(segment_bytes_min, std::min(segment_bytes_, options_.segment_bytes))));
  spare_ = std::move(segment);
  state_.next_base = std::max(state_.next_base, spare_->base() + spare_->capacity());
  // A segment that the state does not name is no spare one, also when an exhausted memory ends this by an exception: what was appended to it would be lost.
  struct Naming {
    std::shared_ptr<Segment>* spare;
    ~Naming() {
      if (spare != nullptr) spare->reset();
    }
  } naming{&spare_};
  FIRN_TRY(save(parts_, first(), false));
  naming.spare = nullptr;
  segment_bytes_ = std::min(options_.segment_bytes, segment_bytes_ * kSegmentGrowth);
  return {};
}

// ---- Reading --------------------------------------------------------------------------------------------------------------

// state_mutex_ is held.
std::unique_ptr<const DurableLog::Parts> DurableLog::view_of(const Parts& parts) {
  retired_.reserve(retired_.size() + 1);
  return std::make_unique<const Parts>(parts);
}

// state_mutex_ is held since view_of().
void DurableLog::publish(Parts parts, std::unique_ptr<const Parts> view) {
  parts_ = std::move(parts);
  const Parts* const old = view_.exchange(view.release(), std::memory_order_acq_rel);
  if (old != nullptr) retired_.emplace_back(std::unique_ptr<const Parts>(old), epoch_retire());
  reclaim();
}

void DurableLog::reclaim() {
  std::erase_if(retired_, [](const auto& view) { return epoch_passed(view.second); });
}

Status DurableLog::find(uint64_t index, Found* found, std::shared_ptr<const LogPart>* keeper) {
  if (index < first()) return Code::kNotFound;
  const Parts& parts = *view_.load(std::memory_order_acquire);
  auto at = std::partition_point(parts.begin(), parts.end(), [index](const Part& part) { return part.part->first() <= index; });
  if (at == parts.begin()) return Code::kNotFound;  // trimmed meanwhile
  --at;
  const LogPart& part = *at->part;
  if (index >= at->until) return Code::kNotFound;
  // What is settled was visible, and is as long as the part holds it; of the newest records next() decides.
  const uint64_t place = index - part.first();
  if (place >= part.settled_count() && (index >= next() || place >= part.count())) return Code::kNotFound;
  FIRN_TRY(ensure(part));
  const BlockView block = part.block_of(index);
  found->data = block.record(index);
  found->time_ms = block.time_ms();
  if (keeper != nullptr) *keeper = at->part;
  return {};
}

// A segment without a file was trimmed meanwhile, by a call beside this one or, for a reader, by the writer; else it is missing, and that is damage: no absence.
Status DurableLog::ensure(const LogPart& part) const {
  Status status = part.ensure();
  if (!status.is(Code::kNotFound)) [[likely]]
    return status;
  const auto is_this = [&part](uint64_t id) { return id == part.id(); };
  const Parts* const parts = view_.load(std::memory_order_acquire);
  const bool is_seen =
      parts == nullptr || std::any_of(parts->begin(), parts->end(), [&](const Part& other) { return is_this(other.part->id()); });
  if (!is_seen) return status;
  if (options_.read_only) {
    FIRN_TRY_ASSIGN(const LogState now, LogState::load(*directory_));
    if (std::none_of(now.parts.begin(), now.parts.end(), [&](const PartRecord& named) { return is_this(named.segment_id); })) return status;
  }
  return missing(part.id());
}

Status DurableLog::missing(uint64_t segment_id) const {
  return Status::corrupt("a segment of the log is missing", path_ + "/segments/" + segment_name(segment_id), 0);
}

Result<uint64_t> DurableLog::seek_time(int64_t time_ms) {
  uint64_t from = first();
  uint64_t to = next();
  while (from < to) {
    const uint64_t middle = from + (to - from) / 2;
    Found found;
    if (Status status = find(middle, &found); !status.ok()) {
      if (!status.is(Code::kNotFound)) return status;
      from = std::max(from, std::min(first(), to));  // trimmed meanwhile
      to = std::min(to, next());
      if (from <= middle && middle < to) from = middle + 1;
      continue;
    }
    if (found.time_ms < time_ms)
      from = middle + 1;
    else
      to = middle;
  }
  return from;
}

// ---- Durability and waiting -------------------------------------------------------------------------------------------------

Status DurableLog::settle(const End& end) {
  if (Status status = sync_group_->wait(end.position); !status.ok()) return fail(status);
  {
    const std::lock_guard lock(wait_mutex_);
    if (end.cut_count != cut_count_ || end.index_end <= durable_.load(std::memory_order_relaxed)) return {};
    durable_.store(end.index_end, std::memory_order_release);
  }
  event_fd_.signal();
  return {};
}

Status DurableLog::settle() {
  End end;
  {
    const std::lock_guard lock(wait_mutex_);
    end.index_end = next();
    end.cut_count = cut_count_;
  }
  end.position = log_->end();  // after the index: its records lie in front of it
  return settle(end);
}

// The pages that the writer is storing to stay as they are: a sync would write-protect them one by one, each with an interrupt to the writer.
Status DurableLog::settle_sealed() {
  End end;
  {
    const std::lock_guard lock(wait_mutex_);
    end.cut_count = cut_count_;
  }
  {
    const std::lock_guard append_lock(append_mutex_);
    if (active_ == nullptr) return {};
    end.index_end = active_->first();
    end.position = log_->sealed_end();
  }
  return settle(end);
}

Status DurableLog::sync() {
  FIRN_TRY(check_writable());
  return settle();
}

void DurableLog::watch() {
  is_watched_.store(true, std::memory_order_relaxed);
  const std::lock_guard barrier(append_mutex_);  // an append is in front of it, and seen, or behind it, and sees the flag
}

Status DurableLog::wait(uint64_t index, int32_t timeout_ms) {
  if (options_.read_only) return {Code::kUnsupported, "a reader cannot be woken by another process: use refresh"};
  const auto is_there = [&] { return next() > index; };
  const ThreadPark park;
  waiter_count_.fetch_add(1);
  { const std::lock_guard barrier(append_mutex_); }
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(std::max(timeout_ms, 0));
  Status status;
  {
    std::unique_lock lock(wait_mutex_);
    const uint64_t woken = wake_count_;
    for (;;) {
      if (is_there()) break;
      if (is_closing_) {
        status = Code::kClosed;  // closing wakes too
      } else if (wake_count_ != woken) {
        status = Code::kCancelled;
      }
      if (!status.ok()) break;
      if (timeout_ms < 0) {
        moved_.wait(lock);
      } else if (moved_.wait_until(lock, until) == std::cv_status::timeout) {
        if (!is_there()) status = Code::kTimeout;
        break;
      }
    }
  }
  waiter_count_.fetch_sub(1);
  if (status.ok() && index < first()) return Code::kNotFound;
  return status;
}

void DurableLog::wake(bool for_closing) {
  {
    const std::lock_guard lock(wait_mutex_);
    wake_count_++;
    is_closing_ = is_closing_ || for_closing;
    moved_.notify_all();
  }
  event_fd_.signal();
}

}  // namespace firn
