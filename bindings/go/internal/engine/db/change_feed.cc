#include "db/change_feed.h"

#include <algorithm>

#include "base/coding.h"
#include "db/db_core.h"
#include "lsm/log_entry.h"

namespace firn {
namespace {

constexpr size_t kCursorCountMax = 64;
constexpr size_t kChangeHeaderBytes = 32;  // u64 version, u32 op, u32 ns, u32 key_len, u32 val_len, i64 expiry_ms
constexpr uint32_t kChangePut = 1;
constexpr uint32_t kChangeDelete = 2;

struct Change {
  uint32_t op = 0;
  uint32_t ns = 0;
  Slice key;
  Slice value;
  int64_t expiry_ms = kNeverExpires;
};

size_t change_bytes(const Change& change) { return kChangeHeaderBytes + change.key.size() + change.value.size(); }

uint8_t* store_change(uint8_t* to, Seq seq, const Change& change) {
  store<uint64_t>(to, seq.value);
  store<uint32_t>(to + 8, change.op);
  store<uint32_t>(to + 12, change.ns);
  store<uint32_t>(to + 16, static_cast<uint32_t>(change.key.size()));
  store<uint32_t>(to + 20, static_cast<uint32_t>(change.value.size()));
  store<int64_t>(to + 24, change.expiry_ms);
  to += kChangeHeaderBytes;
  for (const Slice bytes : {change.key, change.value}) {
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    to += bytes.size();
  }
  return to;
}

// A commit under the system prefix as the one change of a namespace that it is. See namespace_catalog.h for its entries.
// nullopt: they are none.
std::optional<Change> namespace_change(const std::vector<Entry>& entries) {
  constexpr size_t kNamedBytes = 8;    // u32 id, u32 prefix
  constexpr size_t kFormerBytes = 12;  // u32 id, u64 seq
  Change change;
  std::optional<uint32_t> given_up;
  const Entry* named = nullptr;
  for (const Entry& entry : entries) {
    const uint8_t kind = entry.key.user[0];
    if (kind == 'p' && entry.kind == EntryKind::kPut) {
      if (entry.value.size() != kFormerBytes) return std::nullopt;
      given_up = load_u32(entry.value.data());
    }
    if (kind == 'n') named = &entry;
  }
  if (!given_up && (named == nullptr || named->value.size() != kNamedBytes)) return std::nullopt;
  change.op = !given_up ? kChangeNsOpen : named != nullptr && named->kind == EntryKind::kDelete ? kChangeNsDrop : kChangeNsClear;
  change.ns = given_up ? *given_up : load_u32(named->value.data());
  if (named != nullptr) change.key = named->key.user.without_first(1);
  return change;
}

}  // namespace

struct ChangeFeed::Reading {
  Seq from;
  Seq upper;                         // the last commit that may be read
  LogPosition durable = UINT64_MAX;  // nothing behind it may be read
  const NamespaceCatalog* catalog = nullptr;
  uint8_t* out = nullptr;
  size_t cap = 0;
  size_t filled = 0;
  size_t needed = 0;  // not 0: the next commit does not fit
  bool is_done = false;
  Prefix known_prefix = kSystemPrefix;  // the namespace of the last change: mostly that of the next one
  uint32_t known_ns = 0;

  std::optional<uint32_t> ns_of(Prefix prefix) {
    if (prefix != known_prefix) {
      const std::optional<uint32_t> ns = catalog->id_of(prefix);
      if (!ns) return std::nullopt;
      known_prefix = prefix;
      known_ns = *ns;
    }
    return known_ns;
  }
};

// ---- Retention ------------------------------------------------------------------------------------------------------------

void ChangeFeed::start(std::vector<RetainedSegment> retained) {
  const std::lock_guard lock(list_mutex_);
  retained_ = std::move(retained);
}

void ChangeFeed::versions_jumped(Seq last, Seq jumped) {
  const std::lock_guard turn(read_mutex_);
  jumps_[{last.value + 1}] = {jumped.value + 1};
}

// FEED-1
Status ChangeFeed::make_durable(const Memtable& memtable) {
  const std::shared_ptr<Segment>& segment = memtable.segment();
  Status status;
  if (segment->is_found()) {
    FIRN_TRY_ASSIGN(const auto again,
                    Segment::open(core_.wal->directory(), segment->id(), core_.wal->log_id(), core_.wal->io(), OpenMode::kReadWrite));
    status = again->write_again(0, memtable.end());
  } else {
    status = segment->sync();
  }
  return status.ok() ? status : core_.fail(status);
}

Status ChangeFeed::retain(const std::vector<std::shared_ptr<Memtable>>& newest_first, ManifestEdit* edit) {
  {
    const std::lock_guard lock(list_mutex_);
    pending_ = retained_;
  }
  const DbOptions& options = core_.options;
  // After a failure no sync says anything about a segment that was there before: then the feed begins anew.
  const bool retains = options.retains_changes() && !core_.is_failed.load(std::memory_order_acquire);
  const int64_t now_ms = core_.env->wall_ms();
  for (auto at = newest_first.rbegin(); retains && at != newest_first.rend(); ++at) {
    const Memtable& memtable = **at;
    if (memtable.empty()) continue;
    FIRN_TRY(make_durable(memtable));
    pending_.push_back({memtable.segment()->id(), memtable.seq_min(), memtable.seq_max(), memtable.end(), now_ms});
    edit->retain_segment(pending_.back());
  }
  uint64_t bytes = 0;
  for (const RetainedSegment& segment : pending_) bytes += segment.end;
  const auto is_over = [&](const RetainedSegment& segment) {
    if (!retains) return true;
    if (options.changes_retention_bytes != 0 && bytes > options.changes_retention_bytes) return true;
    return options.changes_retention_ms != 0 && now_ms - segment.flushed_ms > static_cast<int64_t>(options.changes_retention_ms);
  };
  auto kept = pending_.begin();
  for (; kept != pending_.end() && is_over(*kept); ++kept) bytes -= kept->end;
  if (kept == pending_.begin()) return {};
  edit->forget_segments(kept == pending_.end() ? pending_.back().id + 1 : kept->id);
  pending_.erase(pending_.begin(), kept);
  return {};
}

void ChangeFeed::retained() {
  const std::lock_guard lock(list_mutex_);
  retained_ = std::move(pending_);
}

uint64_t ChangeFeed::first_segment(uint64_t otherwise) const {
  const std::lock_guard lock(list_mutex_);
  return retained_.empty() ? otherwise : std::min(otherwise, retained_.front().id);
}

// ---- Reading --------------------------------------------------------------------------------------------------------------

// Oldest first. *first: the first version that they hold; what is visible when they hold none.
std::vector<ChangeFeed::Source> ChangeFeed::sources(const ReadView& view, Seq* first) const {
  std::vector<Source> sources;
  *first = {core_.visible.load(std::memory_order_acquire) + 1};
  std::vector<std::shared_ptr<Memtable>> live = view.sealed();
  if (view.active() != nullptr) live.insert(live.begin(), view.active());
  {
    const std::lock_guard lock(list_mutex_);
    for (const RetainedSegment& segment : retained_) {
      if (sources.empty()) *first = segment.seq_min;
      sources.push_back({segment.id, segment.seq_max, segment.end, nullptr, true});
    }
  }
  const bool has_recovered = core_.has_recovered.load(std::memory_order_acquire);
  for (auto at = live.rbegin(); at != live.rend(); ++at) {
    const Memtable& memtable = **at;
    const uint64_t end = memtable.end();  // before the versions: what it holds is in them
    if (memtable.empty()) continue;
    if (!sources.empty() && memtable.segment()->id() <= sources.back().segment_id) continue;  // flushed meanwhile
    if (sources.empty()) *first = std::min(*first, memtable.seq_min());
    sources.push_back({memtable.segment()->id(), memtable.seq_max(), end, memtable.segment(), !has_recovered});
  }
  return sources;
}

std::pair<Seq, Seq> ChangeFeed::bounds() const {
  const ReadView& view = *core_.views->current();
  const Seq next{core_.visible.load(std::memory_order_acquire) + 1};
  Seq first;
  sources(view, &first);
  return {std::min(first, next), next};
}

Result<size_t> ChangeFeed::read(Seq from, bool durable_only, uint8_t* out, size_t cap, size_t* needed) {
  const std::lock_guard turn(read_mutex_);
  for (auto jump = jumps_.find(from); jump != jumps_.end(); jump = jumps_.find(from)) from = jump->second;
  Reading reading;
  reading.from = from;
  // Before the view: the catalog is published before the commit that changes it becomes visible, so it knows all namespaces up to here.
  reading.upper = {core_.visible.load(std::memory_order_acquire)};
  const ReadView& view = *core_.views->current();
  reading.catalog = view.catalog().get();
  reading.out = out;
  reading.cap = cap;
  Seq first;
  const std::vector<Source> sources = this->sources(view, &first);
  if (from < first && !(from == Seq() && first == Seq{1})) return Code::kNotFound;
  if (from.value > reading.upper.value + 1) return Code::kInvalid;
  if (durable_only && core_.wal != nullptr) reading.durable = core_.wal->durable();
  for (const Source& source : sources) {
    if (source.seq_max < from) continue;
    if (durable_only && !source.is_durable) break;
    FIRN_TRY(read_source(source, &reading));
    if (reading.is_done) break;
  }
  if (reading.filled == 0 && reading.needed != 0) {
    *needed = reading.needed;
    return Code::kTooLarge;
  }
  return reading.filled;
}

Result<std::shared_ptr<Segment>> ChangeFeed::open(const Source& source) {
  if (source.segment != nullptr) return source.segment;
  if (opened_ == nullptr || opened_->id() != source.segment_id) {
    opened_.reset();
    FIRN_TRY_ASSIGN(opened_, Segment::open(core_.wal->directory(), source.segment_id, core_.wal->log_id(), core_.wal->io()));
  }
  if (source.end > opened_->capacity()) return Status::corrupt("a segment is shorter than the manifest says", opened_->path(), source.end);
  return opened_;
}

Status ChangeFeed::read_source(const Source& source, Reading* reading) {
  FIRN_TRY_ASSIGN(const std::shared_ptr<Segment> segment, open(source));
  uint64_t offset = kSegmentHeaderBytes;
  if (const auto at = cursors_.find(reading->from.value); at != cursors_.end() && at->second.segment_id == source.segment_id) {
    offset = at->second.offset;
  }
  for (RecordView record; offset < source.end; offset += record_bytes(record.payload.size())) {
    if (!read_record(segment->image(), offset, source.end, segment->header().generation, &record)) {
      return Status::corrupt("a record that the change feed has to read does not verify", segment->path(), offset);
    }
    if (record.kind == RecordKind::kMark) continue;
    if (check_log_entry(record.payload) == 0) return Status::corrupt("a record of the log is not a commit", segment->path(), offset);
    const Seq seq = log_entry_seq(record.payload.data());
    if (seq < reading->from) continue;
    const bool is_durable = source.segment == nullptr || segment->base() + offset + record_bytes(record.payload.size()) <= reading->durable;
    if (seq > reading->upper || !is_durable) {
      reading->is_done = true;
      break;
    }
    FIRN_TRY(read_commit(*segment, record.payload, offset, reading));
    if (reading->needed != 0) {
      reading->is_done = true;
      break;
    }
    reading->from = {seq.value + 1};
  }
  remember(reading->from, {source.segment_id, offset});
  return {};
}

Status ChangeFeed::read_commit(const Segment& segment, Slice payload, uint64_t offset, Reading* reading) const {
  std::vector<Entry> entries;
  for (uint64_t bytes = 0; !payload.empty(); payload = payload.without_first(bytes)) {
    bytes = check_log_entry(payload);
    if (bytes == 0) return Status::corrupt("an entry that the change feed has to read is not well formed", segment.path(), offset);
    entries.push_back(decode_log_entry(payload.data()));
  }
  std::vector<Change> changes;
  if (entries[0].key.prefix == kSystemPrefix) {
    const std::optional<Change> change = namespace_change(entries);
    if (!change) return Status::corrupt("a change of the namespaces is not well formed", segment.path(), offset);
    changes.push_back(*change);
  } else {
    for (const Entry& entry : entries) {
      const std::optional<uint32_t> ns = reading->ns_of(entry.key.prefix);
      if (!ns) return Status::corrupt("the namespace of a change is not known", segment.path(), offset);
      changes.push_back({entry.kind == EntryKind::kDelete ? kChangeDelete : kChangePut, *ns, entry.key.user, entry.value, entry.expiry_ms});
    }
  }
  size_t bytes = 0;
  for (const Change& change : changes) bytes += change_bytes(change);
  if (bytes > reading->cap - reading->filled) {
    reading->needed = bytes;
    return {};
  }
  uint8_t* to = reading->out + reading->filled;
  for (const Change& change : changes) to = store_change(to, entries[0].seq, change);
  reading->filled += bytes;
  return {};
}

void ChangeFeed::remember(Seq next, const Cursor& cursor) {
  if (cursors_.size() >= kCursorCountMax) cursors_.erase(cursors_.begin());
  cursors_[next.value] = cursor;
}

}  // namespace firn
