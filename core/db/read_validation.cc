#include "db/read_validation.h"

#include <algorithm>

#include "db/live_iterator.h"
#include "lsm/log_walk.h"

namespace firn {
namespace {

constexpr size_t kPointsInsideMax = 64;             // so many keys may be looked up inside the door
constexpr uint64_t kWalkInsideBytesMax = 64 << 10;  // so much of the log may be walked over inside the door ...
constexpr size_t kRangesInsideMax = 64;             // ... when each of its entries is compared with so many ranges at most
constexpr uint64_t kWalkBytesPerPoint = 128;        // walking over so much of the log costs about as much as looking up a key
constexpr uint64_t kWalkBytesPerRange = 1 << 20;    // a guess: how long a range is only comparing it would tell

}  // namespace

ReadValidation::ReadValidation(DbCore& core, const Transaction& transaction)
    : core_(core),
      transaction_(transaction),
      reads_(transaction.reads()),
      valid_at_(transaction.snapshot().seq()),
      memtable_(transaction.log_offset() != 0 ? transaction.snapshot().view()->active() : nullptr),
      log_offset_(transaction.log_offset()) {}

std::optional<ReadValidation::Gap> ReadValidation::gap(const ReadView& view) const {
  if (memtable_ == nullptr) return std::nullopt;
  Gap gap;
  if (view.active() != nullptr) gap.memtables.push_back(view.active());
  for (const auto& memtable : view.sealed()) gap.memtables.push_back(memtable);
  const auto first = std::find(gap.memtables.begin(), gap.memtables.end(), memtable_);
  if (first == gap.memtables.end()) return std::nullopt;
  gap.memtables.erase(first + 1, gap.memtables.end());
  for (const auto& memtable : gap.memtables) gap.bytes += memtable->end() - kSegmentHeaderBytes;
  gap.bytes -= log_offset_ - kSegmentHeaderBytes;
  return gap;
}

bool ReadValidation::is_short(const ReadView& view) const {
  if (reads_.ranges().empty() && reads_.points().size() <= kPointsInsideMax) return true;
  if (reads_.ranges().size() > kRangesInsideMax) return false;
  const std::optional<Gap> gap = this->gap(view);
  return gap && gap->bytes <= kWalkInsideBytesMax && namespaces_stayed(view);
}

Status ReadValidation::advance(const ReadView& view, Seq seq, std::shared_ptr<Memtable> active, uint64_t log_offset) {
  // What was found and has expired since is absent, whether compaction has been there or not.
  if (reads_.earliest_expiry_ms() != kNeverExpires && core_.clock.now_ms() > reads_.earliest_expiry_ms()) return Code::kConflict;
  if (seq > valid_at_ && !reads_.empty()) {
    const uint64_t compare_bytes = reads_.points().size() * kWalkBytesPerPoint + reads_.ranges().size() * kWalkBytesPerRange;
    const std::optional<Gap> gap = this->gap(view);
    const bool walks = gap && gap->bytes <= compare_bytes && namespaces_stayed(view);
    FIRN_TRY(walks ? walk(view, seq, *gap) : compare(view, seq));
  }
  valid_at_ = seq;
  memtable_ = std::move(active);
  log_offset_ = log_offset;
  return {};
}

// Whether every namespace that was read in has its keys where the snapshot has them.
bool ReadValidation::namespaces_stayed(const ReadView& view) const {
  if (view.catalog() == transaction_.snapshot().view()->catalog()) return true;
  const auto stayed = [&](uint32_t ns, Prefix prefix) { return view.catalog()->prefix_of(ns, kSeqMax) == prefix; };
  return std::all_of(reads_.points().begin(), reads_.points().end(),
                     [&](const auto& point) { return stayed(point.ns, point.key.prefix); }) &&
         std::all_of(reads_.ranges().begin(), reads_.ranges().end(), [&](const auto& range) { return stayed(range->ns, range->prefix); });
}

// ---- Comparing the snapshot with the present state ------------------------------------------------------------------------

// The version of a key's entry that is live at now_ms (0: now); 0: absent.
Result<Seq> ReadValidation::version(const ReadView& view, Seq seq, const InternalKey& key, uint64_t hash, int64_t now_ms) const {
  Entry entry;
  const Status found = view.find(key, hash, seq, &entry);
  if (found.is(Code::kNotFound)) return Seq();
  if (!found.ok()) return found;
  const bool is_live = entry.kind == EntryKind::kPut || entry.is_live(now_ms != 0 ? now_ms : core_.clock.now_ms());
  return is_live ? entry.seq : Seq();
}

Status ReadValidation::compare(const ReadView& view, Seq seq) const {
  for (const PointRead& point : reads_.points()) FIRN_TRY(compare_point(view, seq, point));
  for (const auto& range : reads_.ranges()) FIRN_TRY(compare_range(view, seq, *range));
  return {};
}

Status ReadValidation::compare_point(const ReadView& view, Seq seq, const PointRead& point) const {
  const Prefix prefix = view.catalog()->prefix_of(point.ns, kSeqMax);
  if (prefix == kSystemPrefix) return Code::kConflict;
  const InternalKey key{prefix, point.key.user};
  FIRN_TRY_ASSIGN(const Seq present, version(view, seq, key, prefix == point.key.prefix ? point.hash : transaction_.hash(key), 0));
  return present == point.version ? Status() : Status(Code::kConflict);
}

Status ReadValidation::compare_range(const ReadView& view, Seq seq, const RangeRead& range) const {
  const Snapshot& snapshot = transaction_.snapshot();
  const Prefix prefix = view.catalog()->prefix_of(range.ns, kSeqMax);
  if (prefix == kSystemPrefix) return Code::kConflict;
  FIRN_TRY_ASSIGN(auto all_before, snapshot.view()->new_iterator(snapshot.seq()));
  FIRN_TRY_ASSIGN(auto all_now, view.new_iterator(seq));
  // By the time of the scan; what has expired since was judged by advance().
  const auto before = new_live_iterator(std::move(all_before), range.prefix, transaction_.time_ms(), core_.hash_seed, core_.stats.calls);
  const auto now = new_live_iterator(std::move(all_now), prefix, core_.clock.now_ms(), core_.hash_seed, core_.stats.calls);
  const auto in_range = [&](const Iterator& at) { return at.valid() && range.contains(at.entry().key.user); };
  before->seek({range.prefix, Slice(range.lower)});
  now->seek({prefix, Slice(range.lower)});
  while (in_range(*before) || in_range(*now)) {
    const int order = !in_range(*before) ? 1 : !in_range(*now) ? -1 : before->entry().key.user.compare(now->entry().key.user);
    const Slice key = order <= 0 ? before->entry().key.user : now->entry().key.user;
    const bool changed = order < 0   ? range.keys_are_read
                         : order > 0 ? transaction_.is_serializable()
                                     : range.keys_are_read && before->entry().seq != now->entry().seq;
    if (changed && !range.is_own(key)) return Code::kConflict;
    if (order <= 0) before->next();
    if (order >= 0) now->next();
  }
  FIRN_TRY(before->status());
  return now->status();
}

// ---- Walking over the log -------------------------------------------------------------------------------------------------

Status ReadValidation::walk(const ReadView& view, Seq seq, const Gap& gap) const {
  Status status;
  for (size_t i = gap.memtables.size(); i-- > 0 && status.ok();) {
    const Memtable& memtable = *gap.memtables[i];
    uint64_t offset = i + 1 == gap.memtables.size() ? log_offset_ : kSegmentHeaderBytes;
    FIRN_TRY(visit_entries(*memtable.segment(), &offset, memtable.end(), [&](const uint8_t* at) {
      if (status.ok()) status = judge_touched(view, seq, log_entry_key(at));
    }));
  }
  return status;
}

Status ReadValidation::judge_touched(const ReadView& view, Seq seq, const InternalKey& key) const {
  const uint64_t hash = transaction_.hash(key);
  if (const PointRead* point = reads_.find(key, hash)) FIRN_TRY(compare_point(view, seq, *point));
  for (const auto& range : reads_.ranges()) {
    if (range->prefix != key.prefix || !range->contains(key.user) || range->is_own(key.user)) continue;
    const Snapshot& snapshot = transaction_.snapshot();
    FIRN_TRY_ASSIGN(const Seq before, version(*snapshot.view(), snapshot.seq(), key, hash, transaction_.time_ms()));
    FIRN_TRY_ASSIGN(const Seq present, version(view, seq, key, hash, core_.clock.now_ms()));
    const bool was_read = before != Seq();
    if (was_read ? range->keys_are_read && present != before : transaction_.is_serializable() && present != Seq()) return Code::kConflict;
  }
  return {};
}

}  // namespace firn
