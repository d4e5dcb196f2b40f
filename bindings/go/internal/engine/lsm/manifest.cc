#include "lsm/manifest.h"

#include <algorithm>

#include "log/recovery.h"

namespace firn {
namespace {

constexpr uint64_t kManifestLogId = 0x5453454e49464d46ull;  // segments of the manifest never pass for others
constexpr uint64_t kSegmentBytesMin = 64 << 10;

Result<std::vector<uint64_t>> segment_ids(Directory& directory) {
  FIRN_TRY_ASSIGN(const auto names, directory.list());
  std::vector<uint64_t> ids;
  for (const std::string& name : names) {
    uint64_t id = 0;
    if (parse_segment_name(name, &id)) ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

Result<ManifestState> read_segment(Directory& directory, uint64_t id) {
  ManifestState state;
  const RecordVisitor apply = [&state](const std::shared_ptr<Segment>& segment, uint64_t offset, Slice payload) {
    return state.apply(payload, segment->path(), offset);
  };
  FIRN_TRY_ASSIGN(const LogRecovery recovery, recover_log(directory, kManifestLogId, {id}, SegmentIo::kPwrite, apply));
  if (recovery.record_count == 0) return Code::kNotFound;
  if (state.db_id == 0) {
    return Status::corrupt("the manifest does not begin with a snapshot", recovery.segments[0]->path(), kSegmentHeaderBytes);
  }
  return state;
}

}  // namespace

Result<ManifestState> Manifest::read(Directory& directory) {
  FIRN_TRY_ASSIGN(const auto ids, segment_ids(directory));
  // The newest segment counts. Where its snapshot is not there an opening was cut short before it changed anything: the one before counts.
  Status newest = Code::kNotFound;
  for (size_t i = ids.size(); i-- > 0;) {
    Result<ManifestState> state = read_segment(directory, ids[i]);
    if (state.ok()) return state;
    if (!state.status().is(Code::kNotFound) && !state.status().is(Code::kCorrupt)) return state.status();
    if (newest.is(Code::kNotFound)) newest = state.status();
  }
  return newest;
}

Result<std::unique_ptr<Manifest>> Manifest::start(std::unique_ptr<Directory> directory, const ManifestState& state, SegmentIo io,
                                                  Env& env) {
  FIRN_TRY_ASSIGN(const auto ids, segment_ids(*directory));
  auto log = std::make_unique<Log>(std::move(directory), kManifestLogId, io, env);
  log->continue_at(ids.empty() ? 1 : ids.back() + 1, 0, 0);
  std::unique_ptr<Manifest> manifest(new Manifest(std::move(log), state));
  FIRN_TRY(manifest->start_segment());
  return manifest;
}

Status Manifest::start_segment() {
  const std::string snapshot = state_.snapshot().bytes();
  FIRN_TRY_ASSIGN(auto segment, log_->prepare(std::max(kSegmentBytesMin, 4 * record_bytes(snapshot.size()))));
  const uint64_t id = segment->id();
  FIRN_TRY(log_->activate(std::move(segment)));
  FIRN_TRY(append_durably(Slice(snapshot)));
  FIRN_TRY(log_->remove_before(id));
  return log_->directory().sync();
}

Status Manifest::append_durably(Slice record) {
  uint64_t offset = 0;
  FIRN_TRY_ASSIGN(uint8_t* const to, log_->reserve(record.size(), &offset));
  std::copy(record.begin(), record.end(), to);
  FIRN_TRY(log_->append(record.size()));
  FIRN_TRY(log_->sync().status());
  FIRN_TRY(log_->append_mark());
  return log_->sync().status();
}

Status Manifest::apply(const ManifestEdit& edit) {
  const std::lock_guard lock(mutex_);
  if (log_->failed()) return {Code::kReadOnly, "an earlier write of the manifest failed: reopen the database"};
  ManifestState next = state_;
  FIRN_TRY(next.apply(Slice(edit.bytes()), log_->active()->path(), log_->active_offset()));
  const bool fits = log_->fits(edit.bytes().size() + kMarkBytes);
  if (fits) FIRN_TRY(log_->make_present(edit.bytes().size() + kMarkBytes));
  state_ = std::move(next);
  if (fits) return append_durably(Slice(edit.bytes()));
  return start_segment();  // the snapshot contains the edit
}

Status Manifest::restart(const ManifestState& state) {
  const std::lock_guard lock(mutex_);
  log_->start_anew();
  state_ = state;
  return start_segment();
}

ManifestState Manifest::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

}  // namespace firn
