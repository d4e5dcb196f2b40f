#include "db/transaction.h"

#include <algorithm>

#include "base/coding.h"
#include "base/hash.h"
#include "db/live_iterator.h"

namespace firn {

Transaction::Transaction(DbCore& core, Snapshot snapshot, const TransactionFlags& flags)
    : core_(core), snapshot_(std::move(snapshot)), is_serializable_(flags.serializable) {
  if (flags.read_only) return;
  work_ = std::make_unique<Work>();
  if (const auto& memtable = snapshot_.view()->active(); memtable != nullptr) {
    // A commit that is in the memtable and not visible yet lies below its end: then the place is not known.
    const uint64_t end = memtable->end();
    if (memtable->seq_max() <= snapshot_.seq()) log_offset_ = end;
  }
}

int64_t Transaction::now_ms() {
  if (now_ms_ == 0) now_ms_ = core_.clock.now_ms();
  return now_ms_;
}

uint64_t Transaction::hash(const InternalKey& key) const { return hash_key(core_.hash_seed, key); }

Result<Prefix> Transaction::prefix_of(uint32_t ns) const {
  const Prefix prefix = snapshot_.view()->catalog()->prefix_of(ns, snapshot_.seq());
  if (prefix == kSystemPrefix) return Code::kInvalid;
  return prefix;
}

// ---- Reads --------------------------------------------------------------------------------------------------------------

Status Transaction::show_own(const WriteSet::Write& write, Slice key, Entry* entry) {
  *entry = {{kSystemPrefix, key}, write.value(), Seq(), write.kind, write.expiry_ms};
  return is_live(*entry) ? Status() : Status(Code::kNotFound);
}

Status Transaction::find(uint32_t ns, Slice key, Entry* entry) {
  Status status = find_uncounted(ns, key, entry);
  DbStats::Calls::Line& calls = core_.stats.calls.mine();
  calls.add(DbStats::kGets, 1);
  count_answer(calls, status.code(), *entry);
  return status;
}

Status Transaction::find_uncounted(uint32_t ns, Slice key, Entry* entry) {
  if (work_ != nullptr) {
    if (const WriteSet::Write* own = work_->writes.find(ns, key)) return show_own(*own, key, entry);
  }
  FIRN_TRY_ASSIGN(const Prefix prefix, prefix_of(ns));
  const InternalKey internal{prefix, key};
  const uint64_t hash = this->hash(internal);
  Status status = snapshot_.view()->find(internal, hash, snapshot_.seq(), entry);
  if (!status.ok() && !status.is(Code::kNotFound)) return status;
  const bool is_there = status.ok() && is_live(*entry);
  if (work_ != nullptr) work_->reads.add(ns, internal, hash, is_there ? entry : nullptr);
  return is_there ? Status() : Status(Code::kNotFound);
}

Status Transaction::pin(uint32_t ns, Slice key, Entry* entry) {
  FIRN_TRY(find(ns, key, entry));
  if (work_ != nullptr && entry->seq == Seq()) work_->writes.show();
  return {};
}

Status Transaction::multi_get(Lookup* lookups, size_t count) {
  std::vector<uint64_t> hashes(count);
  look_up(*snapshot_.view(), snapshot_.seq(), core_.hash_seed, lookups, count, hashes.data());
  for (size_t i = 0; i < count; i++) {
    Lookup& lookup = lookups[i];
    const WriteSet::Write* own = work_ != nullptr ? work_->writes.find(lookup.ns, lookup.key) : nullptr;
    if (own != nullptr) {
      lookup.code = show_own(*own, lookup.key, &lookup.entry).code();
      continue;
    }
    if (lookup.code == Code::kOk && !is_live(lookup.entry)) lookup.code = Code::kNotFound;
    if (work_ == nullptr || (lookup.code != Code::kOk && lookup.code != Code::kNotFound)) continue;
    const InternalKey key{snapshot_.view()->catalog()->prefix_of(lookup.ns, snapshot_.seq()), lookup.key};
    work_->reads.add(lookup.ns, key, hashes[i], lookup.code == Code::kOk ? &lookup.entry : nullptr);
  }
  count_lookups(core_.stats.calls.mine(), lookups, count);
  return {};
}

Status Transaction::multi_pin(Lookup* lookups, size_t count) {
  FIRN_TRY(multi_get(lookups, count));
  const auto is_own = [](const Lookup& lookup) { return lookup.code == Code::kOk && lookup.entry.seq == Seq(); };
  if (work_ != nullptr && std::any_of(lookups, lookups + count, is_own)) work_->writes.show();
  return {};
}

Result<std::unique_ptr<Iterator>> Transaction::new_iterator(uint32_t ns, Slice lower, const std::optional<Slice>& upper,
                                                            std::shared_ptr<const Overlay>* overlay) {
  FIRN_TRY_ASSIGN(const Prefix prefix, prefix_of(ns));
  overlay->reset();
  std::unique_ptr<Iterator> own;
  if (work_ != nullptr && !work_->writes.empty()) *overlay = work_->writes.overlay(ns, prefix, lower, upper);
  if (*overlay != nullptr) own = new_overlay_iterator(*overlay);
  FIRN_TRY_ASSIGN(auto all, snapshot_.view()->new_iterator(snapshot_.seq(), std::move(own)));
  return new_live_iterator(std::move(all), prefix, now_ms(), core_.hash_seed, core_.stats.calls);
}

// ---- Writes -------------------------------------------------------------------------------------------------------------

Status Transaction::set(const Operation& write) {
  if (is_read_only()) return Code::kReadOnly;
  FIRN_TRY(core_.check_writable());
  if (core_.views->current()->catalog()->prefix_of(write.ns, kSeqMax) == kSystemPrefix) return Code::kInvalid;
  return work_->writes.set(write);
}

Result<int64_t> Transaction::add(uint32_t ns, Slice key, int64_t delta) {
  if (is_read_only()) return Code::kReadOnly;
  Entry entry;
  const Status found = find(ns, key, &entry);
  if (!found.ok() && !found.is(Code::kNotFound)) return found;
  int64_t sum = 0;
  if (const Code code = add_to_counter(found.ok() ? &entry.value : nullptr, delta, &sum); code != Code::kOk) return code;
  FIRN_TRY(set(make_put(ns, key, Slice(reinterpret_cast<const uint8_t*>(&sum), sizeof sum), found.ok() ? entry.expiry_ms : kNeverExpires)));
  return sum;
}

Status Transaction::apply(const Command* commands, size_t count) {
  if (is_read_only()) return Code::kReadOnly;
  // Ends the batch on every way out, also when memory runs out.
  struct Batch {
    explicit Batch(WriteSet& set) : writes(set) { writes.begin(); }
    ~Batch() { writes.end(keep); }
    WriteSet& writes;
    bool keep = false;
  } batch(work_->writes);
  for (size_t i = 0; i < count; i++) {  // first: they are about what is there before the others
    if (commands[i].kind == Command::Kind::kExpectVersion) FIRN_TRY(expect_version(commands[i]));
  }
  for (size_t i = 0; i < count; i++) FIRN_TRY(apply_one(commands[i]));
  batch.keep = true;
  return {};
}

Status Transaction::apply_one(const Command& command) {
  using Kind = Command::Kind;
  switch (command.kind) {
    case Kind::kPut:
      return set(make_put(command.ns, command.key, command.value, command.expiry_ms));
    case Kind::kDelete:
      return set({.ns = command.ns, .kind = EntryKind::kDelete, .key = command.key, .value = Slice()});
    case Kind::kAdd:
      return add(command.ns, command.key, load<int64_t>(command.value.data())).status();
    case Kind::kDeleteRange:
      return delete_range(command);
    case Kind::kExpectVersion:
      return {};
    case Kind::kPutKeepTtl:
      break;
  }
  Entry entry;
  Status found = find(command.ns, command.key, &entry);
  if (!found.ok() && !found.is(Code::kNotFound)) return found;
  return set(make_put(command.ns, command.key, command.value, found.ok() ? entry.expiry_ms : kNeverExpires));
}

Status Transaction::expect_version(const Command& command) {
  Entry entry;
  Status found = find(command.ns, command.key, &entry);
  if (!found.ok() && !found.is(Code::kNotFound)) return found;
  const bool is_expected = command.version == Seq() ? !found.ok() : found.ok() && entry.seq == command.version;
  return is_expected ? Status() : Status(Code::kConflict);
}

Status Transaction::delete_range(const Command& command) {
  const Slice lower = command.key;
  const std::optional<Slice> upper = command.has_upper ? std::optional<Slice>(command.value) : std::nullopt;
  std::shared_ptr<const Overlay> overlay;
  FIRN_TRY_ASSIGN(const auto entries, new_iterator(command.ns, lower, upper, &overlay));
  FIRN_TRY_ASSIGN(const Prefix prefix, prefix_of(command.ns));
  std::vector<Slice> keys;  // borrowed from the snapshot and from own writes that are shown
  for (entries->seek({prefix, lower}); entries->valid(); entries->next()) {
    const Entry& entry = entries->entry();
    if (upper && !(entry.key.user < *upper)) break;
    if (keys.size() == command.limit) return Code::kTooLarge;
    if (entry.seq != Seq()) work_->reads.note_expiry(entry.expiry_ms);
    keys.push_back(entry.key.user);
  }
  FIRN_TRY(entries->status());
  RangeRead range;
  range.ns = command.ns;
  range.prefix = prefix;
  range.lower = lower.to_string();
  if (upper) range.upper = upper->to_string();
  range.overlay = std::move(overlay);
  work_->reads.add_range(std::move(range));
  for (const Slice key : keys) FIRN_TRY(set({.ns = command.ns, .kind = EntryKind::kDelete, .key = key, .value = Slice()}));
  deleted_count_ += keys.size();
  return {};
}

// ---- What scans read ------------------------------------------------------------------------------------------------------

ScanReads::ScanReads(Transaction& transaction, uint32_t ns, Prefix prefix, std::shared_ptr<const Overlay> overlay, bool is_filtered)
    : transaction_(transaction), is_filtered_(is_filtered) {
  next_.ns = ns;
  next_.prefix = prefix;
  next_.keys_are_read = !is_filtered;
  next_.overlay = std::move(overlay);
}

void ScanReads::start_forward(Slice lower) {
  range_ = nullptr;
  is_backward_ = false;
  next_.lower = lower.to_string();
  next_.upper = next_.lower;  // nothing yet
}

void ScanReads::start_backward(std::optional<std::string> upper) {
  range_ = nullptr;
  is_backward_ = true;
  next_.upper = std::move(upper);
}

RangeRead* ScanReads::range() {
  if (range_ == nullptr) range_ = transaction_.reads().add_range(next_);
  return range_;
}

void ScanReads::returned(const Entry& entry) {
  last_ = entry.key.user;
  if (entry.seq == Seq()) return;  // an own write
  if (is_filtered_) {
    transaction_.reads().add(next_.ns, entry.key, transaction_.hash(entry.key), &entry);
  } else {
    transaction_.reads().note_expiry(entry.expiry_ms);
  }
}

void ScanReads::settle() {
  if (last_.data() == nullptr) return;
  if (!is_filtered_ || transaction_.is_serializable()) {
    if (is_backward_) {
      if (range_ == nullptr) next_.lower = last_.to_string();
      range()->lower.assign(reinterpret_cast<const char*>(last_.data()), last_.size());
    } else {
      std::string upper = last_.to_string();
      upper.push_back('\0');  // the next possible key: `last` is in
      range()->upper = std::move(upper);
    }
  }
  last_ = Slice();
}

void ScanReads::ended(Slice lower, const std::optional<std::string>& upper) {
  last_ = Slice();
  if (is_filtered_ && !transaction_.is_serializable()) {
    next_.lower.clear();
    next_.upper = std::string();  // no key: only that the namespace was read in, also when nothing was found
    range();
    return;
  }
  if (is_backward_) {
    if (range_ == nullptr) next_.lower = lower.to_string();
    range()->lower = lower.to_string();
  } else {
    range()->upper = upper;
  }
}

}  // namespace firn
