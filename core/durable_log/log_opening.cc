// Opening and closing a durable log: from a path to a log that can be used.
#include <algorithm>
#include <map>

#include "durable_log/durable_log.h"
#include "env/lock_wait.h"
#include "env/posix_env.h"
#include "env/thread_mark.h"
#include "log/overtaken_reader.h"

namespace firn {
namespace {

constexpr std::string_view kLockName = "LOCK";
constexpr std::string_view kSegmentsName = "segments";

bool is_ours(const std::string& name) {
  uint64_t number = 0;
  return name == kLockName || name == kSegmentsName || parse_state_name(name, &number);
}

// More than one: the newest is perhaps in the cache only, because the process was killed before its sync; else the one before would be gone.
Result<bool> has_older_state(Directory& directory) {
  FIRN_TRY_ASSIGN(const auto names, directory.list());
  uint64_t number = 0;
  return std::count_if(names.begin(), names.end(), [&number](const std::string& name) { return parse_state_name(name, &number); }) > 1;
}

// Whether a segment was ever activated, whatever log it says to belong to.
Result<bool> has_activated_segment(Directory& segments) {
  FIRN_TRY_ASSIGN(const auto names, segments.list());
  for (const std::string& name : names) {
    uint64_t id = 0;
    if (!parse_segment_name(name, &id)) continue;
    FIRN_TRY_ASSIGN(const auto file, segments.open_file(name, OpenMode::kRead));
    FIRN_TRY_ASSIGN(const uint64_t size, file->size());
    uint8_t head[kRecordHeaderBytes] = {};
    if (size >= kSegmentHeaderBytes + sizeof head) FIRN_TRY(file->read(kSegmentHeaderBytes, head, sizeof head));
    if (load_u64(head) != 0) return true;
  }
  return false;
}

}  // namespace

// What reading the state and the segments gave.
struct DurableLog::Recovered {
  LogState state;
  Parts parts;
  uint64_t next = 0;
  LogPosition durable = 0;   // what lies in front of it was durable before the opening
  LogPosition end = 0;       // where the records end; 0: not known, everything was closed in order
  size_t first_scanned = 0;  // parts from here on were read
  uint64_t next_segment_id = 1;
  Tail tail;
  RecoveryReport report;
};

Result<std::unique_ptr<DurableLog>> DurableLog::open(const std::string& path, const LogOptions& options, Env& env) {
  std::unique_ptr<DurableLog> log(new DurableLog(path, options, env));
  FIRN_TRY(log->open_directory());
  if (!options.read_only) {
    FIRN_TRY_ASSIGN(log->lock_, wait_for_lock(*log->env_, *log->directory_, kLockName, options.lock_timeout_ms));
  }
  FIRN_TRY(log->recover());
  if (!options.read_only && !options.single_threaded) FIRN_TRY(log->start_keepers());
  return log;
}

Status DurableLog::open_directory() {
  const bool create = options_.create_if_missing && !options_.read_only;
  auto directory = env_->open_directory(path_, create);
  if (directory.status().is(Code::kNotFound)) {
    return {Code::kNotFound,
            create ? "the directory that the log should be made in does not exist: make it first"
                   : "there is no log here, and create_if_missing is off",
            path_};
  }
  if (!directory.ok()) return directory.status();
  directory_ = std::move(*directory);
  FIRN_TRY_ASSIGN(const auto names, directory_->list());
  if (!std::all_of(names.begin(), names.end(), is_ours)) {
    return {Code::kNotADatabase, "the directory holds something else than a log: choose another path, nothing was touched", path_};
  }
  const bool is_new = std::none_of(names.begin(), names.end(), [](const std::string& name) { return name != kLockName; });
  if (is_new && !create) return {Code::kNotFound, "there is no log here, and create_if_missing is off", path_};
  if (!is_new && options_.error_if_exists) return {Code::kExists, "there is a log here, and error_if_exists is on", path_};
  return {};
}

Status DurableLog::recover() {
  for (OvertakenReader reader;;) {
    Status status = recover_once();
    if (status.ok() || !options_.read_only) return status;
    const Result<LogState> now = LogState::load(*directory_);
    const std::lock_guard lock(state_mutex_);
    if (!reader.should_read_again(status, now.ok() && now->is_same(state_))) return status;
  }
}

Status DurableLog::recover_once() {
  Recovered recovered;
  FIRN_TRY_ASSIGN(recovered.state, LogState::load(*directory_));
  const bool is_new = recovered.state.log_id == 0;
  if (is_new) {
    recovered.state.log_id = env_->random() | 1;
    recovered.state.closed_clean = true;
  }
  auto segments = directory_->open_directory(kSegmentsName, !options_.read_only);
  if (segments.status().is(Code::kNotFound)) return {Code::kNotFound, "there is no log here", path_};
  if (!segments.ok()) return segments.status();
  segments_ = std::move(*segments);
  if (is_new) {
    // The first state is written before the first segment is activated: one that is cut short goes with segments that are empty.
    FIRN_TRY_ASSIGN(const bool has_records, has_activated_segment(*segments_));
    if (has_records) return Status::corrupt("the state of the log is missing or damaged, but there are records", path_, 0);
  }
  {
    const std::lock_guard lock(state_mutex_);
    state_ = recovered.state;
  }
  FIRN_TRY(read_parts(recovered.state, &recovered));
  if (options_.verify_on_open) {
    for (const Part& part : recovered.parts) {
      const Status status = part.part->ensure();
      if (status.is(Code::kNotFound)) return missing(part.part->id());
      FIRN_TRY(status);
    }
  }
  if (!options_.read_only) FIRN_TRY(start_appending(recovered));
  {
    const std::lock_guard lock(error_mutex_);
    report_ = recovered.report;
  }
  if (options_.read_only) tail_ = std::move(recovered.tail);
  const std::lock_guard lock(state_mutex_);
  auto view = view_of(recovered.parts);
  publish(std::move(recovered.parts), std::move(view));
  const uint64_t next = std::max(recovered.next, recovered.state.first);
  set_bounds(recovered.state.first, next);
  durable_.store(options_.read_only ? 0 : next, std::memory_order_release);
  return {};
}

Status DurableLog::read_parts(const LogState& state, Recovered* recovered) {
  const SegmentIo io = segment_io(options_.log_io);
  recovered->report.clean = state.closed_clean;
  recovered->first_scanned = state.parts.size();
  if (!state.closed_clean) {
    FIRN_TRY_ASSIGN(recovered->first_scanned, first_to_scan(state));
  }
  for (size_t i = 0; i < recovered->first_scanned; i++) {
    const PartRecord& part = state.parts[i];
    uint64_t end = part.until;
    if (end == UINT64_MAX && i + 1 < state.parts.size()) end = state.parts[i + 1].first;
    if (end == UINT64_MAX && state.closed_clean) end = state.next;
    if (!part.is_known() || end > kIndexMax || end < part.first || part.first < recovered->next) {
      return Status::corrupt("the state of the log does not say what a segment holds", path_, 0);
    }
    recovered->parts.push_back({LogPart::found(segments_, state.log_id, io, part.segment_id, part.first, end), part.until, part.base,
                                part.end, part.last_time_ms});
    recovered->next = end;
  }
  if (recovered->parts.empty()) recovered->next = state.closed_clean ? state.next : state.first;
  for (const PartRecord& part : state.parts) recovered->next_segment_id = std::max(recovered->next_segment_id, part.segment_id + 1);
  if (recovered->first_scanned < state.parts.size()) FIRN_TRY(scan_tail(state, recovered));
  const bool is_empty = recovered->parts.empty();
  if (is_empty ? state.closed_clean && state.next != state.first : recovered->parts.front().part->first() > state.first) {
    return Status::corrupt("the state of the log names records that no segment holds", path_, 0);
  }
  // Nothing is appended to what was found. With its end known nobody has to read it again to know where the next segment begins, which does not
  // follow on it byte by byte.
  if (!options_.read_only && !recovered->parts.empty()) recovered->parts.back().until = recovered->next;
  return {};
}

// Everything in front of the returned part was durable when a mark behind it was written.
Result<size_t> DurableLog::first_to_scan(const LogState& state) {
  LogPosition durable = 0;
  size_t first = state.parts.size();
  for (size_t i = state.parts.size(); i-- > 0;) {
    first = i;
    const auto opened = Segment::open(*segments_, state.parts[i].segment_id, state.log_id, segment_io(options_.log_io));
    if (opened.status().is(Code::kNotFound)) return missing(state.parts[i].segment_id);
    if (!opened.ok()) return opened.status();
    const std::shared_ptr<Segment>& segment = *opened;
    const std::optional<Mark> opening = opening_mark(*segment);
    if (!opening) continue;
    durable = std::max(durable, highest_durable_mark(*segment, kSegmentHeaderBytes));
    if (durable >= opening->previous_end) break;
  }
  // What goes in front of it needs an end: the first index of this one.
  while (first > 0 && first < state.parts.size() && !state.parts[first].is_known() && state.parts[first - 1].until == UINT64_MAX) first--;
  return first;
}

Status DurableLog::scan_tail(const LogState& state, Recovered* recovered) {
  std::vector<uint64_t> ids;
  std::map<uint64_t, const PartRecord*> records;
  for (size_t i = recovered->first_scanned; i < state.parts.size(); i++) {
    ids.push_back(state.parts[i].segment_id);
    records[state.parts[i].segment_id] = &state.parts[i];
  }
  Parts& parts = recovered->parts;
  const auto limit_next = [&] {
    if (parts.size() <= recovered->first_scanned) return;
    const Part& last = parts.back();
    recovered->next = std::min(last.until, last.part->first() + last.part->count());
  };
  const RecordVisitor visit = [&](const std::shared_ptr<Segment>& segment, uint64_t offset, Slice payload) -> Status {
    const bool is_new = parts.size() == recovered->first_scanned || parts.back().part->id() != segment->id();
    if (is_new) {
      limit_next();
      const PartRecord& record = *records.at(segment->id());
      // Power loss may have taken records that a trim had cut off already: no index below the trim is given again.
      const uint64_t first = record.is_known() ? record.first : std::max(recovered->next, state.first);
      if ((!parts.empty() && first < recovered->next) || first > kIndexMax)
        return Status::corrupt("the segments in the state of the log overlap", path_, 0);
      FIRN_TRY_ASSIGN(auto part, LogPart::create(segment, first));
      parts.push_back({std::move(part), record.until, segment->base(), 0, 0});
    }
    FIRN_TRY(parts.back().part->add_found(offset, payload));
    parts.back().end = segment->base() + offset + payload.size();
    parts.back().last_time_ms = BlockView(payload.data()).time_ms();
    return {};
  };
  FIRN_TRY_ASSIGN(const LogRecovery found, recover_log(*segments_, state.log_id, ids, segment_io(options_.log_io), visit));
  limit_next();
  recovered->end = found.end;
  recovered->durable = found.durable;
  // Ends with the marks behind the last records, as the segments that follow name them.
  for (size_t i = recovered->first_scanned; i < parts.size(); i++) {
    const auto after =
        std::find_if(found.segments.begin(), found.segments.end(), [&](const auto& s) { return s->id() > parts[i].part->id(); });
    parts[i].end = after == found.segments.end() ? found.end : opening_mark(**after)->previous_end;
  }
  recovered->next_segment_id = std::max(recovered->next_segment_id, found.next_id);
  const bool ends_in_last_part = parts.size() > recovered->first_scanned && parts.back().part->id() == found.segments.back()->id();
  if (ends_in_last_part && parts.back().until == UINT64_MAX) recovered->tail = {parts.back().part, found.end - parts.back().base};
  recovered->report.note(found);
  return {};
}

// After a kill the page cache may show what an earlier, failed sync never wrote: it is written once more (DLOG-3). What a mark names as durable had reached the disk.
Status DurableLog::make_durable(const Recovered& recovered) {
  for (size_t i = recovered.first_scanned; i < recovered.parts.size(); i++) {
    const Part& part = recovered.parts[i];
    const uint64_t from = recovered.durable - std::min(recovered.durable, part.base);
    const uint64_t until = part.end - part.base;
    if (from >= until) continue;
    FIRN_TRY_ASSIGN(const auto segment,
                    Segment::open(*segments_, part.part->id(), recovered.state.log_id, segment_io(options_.log_io), OpenMode::kReadWrite));
    FIRN_TRY(segment->write_again(from, until - from));
  }
  return {};
}

Status DurableLog::start_appending(const Recovered& recovered) {
  FIRN_TRY(make_durable(recovered));
  FIRN_TRY_ASSIGN(auto directory, directory_->open_directory(kSegmentsName, false));
  FIRN_TRY(directory_->sync());
  const uint64_t next_base = recovered.state.next_base;
  log_ = std::make_unique<Log>(std::move(directory), recovered.state.log_id, segment_io(options_.log_io), *env_);
  // At the end of the last segment that holds records; what follows it holds marks, which nobody makes durable.
  LogPosition end = recovered.parts.empty() ? 0 : recovered.parts.back().end;
  if (end == 0) end = recovered.end;
  log_->continue_at(recovered.next_segment_id, next_base, end);
  log_->all_is_durable();
  sync_group_ = std::make_unique<SyncGroup>(*log_);
  if (!recovered.parts.empty()) last_time_ms_ = recovered.parts.back().last_time_ms;
  released_id_ = recovered.next_segment_id - 1;
  // What the state has given up is needed as long as the one before may come back.
  FIRN_TRY_ASSIGN(const bool is_in_doubt, has_older_state(*directory_));
  if (is_in_doubt) {
    const std::lock_guard lock(state_mutex_);
    FIRN_TRY(state_.save(*directory_));
  }
  return remove_leftovers(recovered.state);
}

// Segments that the state does not name: of creations and trims that were cut short.
Status DurableLog::remove_leftovers(const LogState& state) {
  FIRN_TRY_ASSIGN(const auto names, segments_->list());
  for (const std::string& name : names) {
    uint64_t id = 0;
    if (!parse_segment_name(name, &id)) continue;
    const bool is_named =
        std::any_of(state.parts.begin(), state.parts.end(), [id](const PartRecord& part) { return part.segment_id == id; });
    if (!is_named) FIRN_TRY(segments_->remove(name));
  }
  return {};
}

Status DurableLog::close() {
  stop_keepers();
  if (options_.read_only) return {};
  const std::lock_guard lock(append_mutex_);
  Status status = check_writable();
  if (status.ok()) status = settle();
  if (!status.ok()) return status;
  std::unique_lock state_lock(state_mutex_);
  if (state_.number != 0 && state_.closed_clean) return {};  // nothing was appended or trimmed
  Parts parts = parts_;
  seal_active(&parts);
  std::shared_ptr<Segment> unused = std::move(spare_);
  spare_.reset();
  FIRN_TRY(save(parts, first(), true));
  parts_ = std::move(parts);
  if (unused != nullptr) unlink(unused->id());
  state_lock.unlock();
  release_tails();
  return {};
}

// What the writer has appended to the segment that he was at: then there is nothing else to read. Or nothing at all, when he has closed: appending he would save another state
// first. false: he has gone on to the next segment, or the state is another one, or there is something that recover() has to judge.
Result<bool> DurableLog::read_on() {
  const Result<LogState> now = LogState::load(*directory_);
  if (!now.ok() || !now->is_same(state_)) return false;
  if (now->closed_clean) return true;
  if (tail_.part == nullptr || tail_.part->segment()->io() != SegmentIo::kMmap) return false;
  const Segment& segment = *tail_.part->segment();
  for (RecordView record; read_record(segment.image(), tail_.gap, segment.capacity(), segment.header().generation, &record);) {
    if (record.kind == RecordKind::kData) {
      if (!tail_.part->add_found(tail_.gap + kRecordHeaderBytes, record.payload).ok()) return false;
      next_.store(tail_.part->first() + tail_.part->count(), std::memory_order_release);
    }
    tail_.gap += record_bytes(record.payload.size());
  }
  if (now->parts.back().segment_id == segment.id()) return true;
  const auto spare = Segment::open(*segments_, now->parts.back().segment_id, now->log_id, SegmentIo::kMmap);
  return spare.ok() && !opening_mark(**spare);
}

Status DurableLog::refresh() {
  if (!options_.read_only) return {};
  const std::lock_guard turn(refresh_mutex_);
  FIRN_TRY_ASSIGN(const bool is_done, read_on());
  if (is_done) return {};
  tail_ = {};
  Status status = recover();
  if (!status.ok()) {  // the next refresh has to come to the same failure, not to what was there before
    const std::lock_guard lock(state_mutex_);
    state_ = {};
  }
  return status;
}

}  // namespace firn
