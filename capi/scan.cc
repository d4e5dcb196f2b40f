#include "scan.h"

#include <algorithm>
#include <cstring>

#include "args.h"
#include "base/coding.h"
#include "base/fast_path.h"
#include "boundary.h"

namespace firn {
namespace {

constexpr size_t kGlobBytesMax = 65535;
constexpr uint32_t kKnownFlags = FIRN_SCAN_REVERSE | FIRN_SCAN_KEYS_ONLY | FIRN_SCAN_ENTRIES;

// The smallest key above all that begin with `prefix`; nothing when there is none.
std::optional<std::string> end_of_prefix(std::string prefix) {
  while (!prefix.empty() && static_cast<uint8_t>(prefix.back()) == 0xff) prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  prefix.back() = static_cast<char>(static_cast<uint8_t>(prefix.back()) + 1);
  return prefix;
}

void narrow_to_prefix(Slice prefix, ScanWindow* window) {
  if (prefix.empty()) return;
  if (Slice(window->lower) < prefix) window->lower = prefix.to_string();
  std::optional<std::string> end = end_of_prefix(prefix.to_string());
  if (end && (!window->upper || Slice(*end) < Slice(*window->upper))) window->upper = std::move(end);
}

}  // namespace

Code read_scan_opts(const firn_scan_opts* given, firn_scan_opts* opts) {
  *opts = FIRN_SCAN_OPTS_INIT;
  if (given == nullptr) return Code::kOk;
  const Code code = copy_in(given, opts, offsetof(firn_scan_opts, lower));
  if (code != Code::kOk) return code;
  if (opts->reserved != 0) return Code::kInvalid;
  return check_flags(opts->flags, kKnownFlags);
}

Status make_window(const firn_scan_opts& opts, ScanWindow* window) {
  for (const auto& [bytes, size] : {std::pair(opts.lower, opts.lower_len), {opts.upper, opts.upper_len}, {opts.prefix, opts.prefix_len}}) {
    const Code code = check_bytes(bytes, size, kKeyBytesMax);
    if (code != Code::kOk) return {code, "a bound or the prefix is longer than a key can be, or NULL with a length"};
  }
  const Code glob_code = check_bytes(opts.glob, opts.glob_len, kGlobBytesMax);
  if (glob_code != Code::kOk) return {glob_code, "the glob is too long, or NULL with a length"};
  if (opts.lower != nullptr) window->lower = Slice(opts.lower, opts.lower_len).to_string();
  if (opts.upper != nullptr) window->upper = Slice(opts.upper, opts.upper_len).to_string();
  narrow_to_prefix(Slice(opts.prefix, opts.prefix_len), window);
  if (opts.glob != nullptr) {
    const size_t glob_len = opts.glob_len != 0 ? opts.glob_len : strnlen(opts.glob, kGlobBytesMax + 1);
    if (glob_len > kGlobBytesMax) return {Code::kTooLarge, "the glob is longer than 65,535 bytes"};
    Result<Glob> glob = Glob::compile(Slice(std::string_view(opts.glob, glob_len)));
    if (!glob.ok()) return {glob.status().code(), "the glob is malformed: see firn.h for its grammar"};
    narrow_to_prefix(Slice(glob->literal_prefix()), window);
    window->glob = std::move(*glob);
  }
  return Code::kOk;
}

Status Scan::set_up(const firn_scan_opts& opts) {
  flags_ = opts.flags;
  limit_ = opts.limit;
  return make_window(opts, &window_);
}

Result<std::unique_ptr<Scan>> Scan::open(Db& db, const firn_db* handle, const firn_scan_opts& opts) {
  std::unique_ptr<Scan> scan(new Scan);
  FIRN_TRY(scan->set_up(opts));
  scan->db_handle_ = handle;
  scan->snapshot_ = db.snapshot();
  FIRN_TRY_ASSIGN(scan->prefix_, db.prefix_of(scan->snapshot_, opts.ns));
  FIRN_TRY_ASSIGN(scan->iterator_, db.new_iterator(scan->snapshot_, opts.ns));
  return scan;
}

Result<std::unique_ptr<Scan>> Scan::open(const firn_txn* handle, std::shared_ptr<Transaction> transaction, const firn_scan_opts& opts) {
  std::unique_ptr<Scan> scan(new Scan);
  FIRN_TRY(scan->set_up(opts));
  scan->txn_handle_ = handle;
  scan->transaction_ = std::move(transaction);
  const ScanWindow& window = scan->window_;
  const std::optional<Slice> upper = window.upper ? std::optional(Slice(*window.upper)) : std::nullopt;
  std::shared_ptr<const Overlay> overlay;
  FIRN_TRY_ASSIGN(scan->prefix_, scan->transaction_->prefix_of(opts.ns));
  FIRN_TRY_ASSIGN(scan->iterator_, scan->transaction_->new_iterator(opts.ns, Slice(window.lower), upper, &overlay));
  if (!scan->transaction_->is_read_only()) {
    scan->reads_.emplace(*scan->transaction_, opts.ns, scan->prefix_, std::move(overlay), window.glob.has_value());
  }
  return scan;
}

void Scan::start_batches() {
  placed_ = true;
  at_first_ = true;
  batch_at_ = 0;
  batch_count_ = 0;
  // A limit says how many are wanted; where the window has an end there may be fewer.
  batch_count_wanted_ = limit_ != 0 && !window_.upper ? kBatchCountMax : kBatchCountMin;
}

// Forward: to the first key >= target. Reverse: to the last key < target, or <= target when `inclusive`.
void Scan::place(Slice target, bool inclusive) {
  Iterator& it = *iterator_;
  start_batches();
  if (!is_reverse()) {
    it.seek({prefix_, target});
    if (reads_) reads_->start_forward(target);
    return;
  }
  std::string above = target.to_string();
  if (inclusive) above += '\0';  // the next key in the order
  it.seek_below({prefix_, Slice(above)});
  if (reads_) reads_->start_backward(std::move(above));
}

void Scan::place_at_start() {
  if (!is_reverse()) {
    place(Slice(window_.lower), true);
  } else if (window_.upper) {
    place(Slice(*window_.upper), false);
  } else {
    start_batches();
    if (reads_) reads_->start_backward(std::nullopt);
    iterator_->seek_to_last();
  }
}

// The next entry that is to be returned, nullptr: there is none, end_code() says why. So many more are wanted by this call, at most.
inline const Entry* Scan::peek(size_t wanted_count) {
  if (limit_ != 0) {
    if (returned_count_ == limit_) return nullptr;
    wanted_count = std::min<uint64_t>(wanted_count, limit_ - returned_count_);
  }
  for (; batch_at_ < batch_count_ || read_batch(wanted_count); batch_at_++) {
    const Entry& entry = batch_[batch_at_];
    if (is_batch_inside_ && FIRN_FAST_PATH("a batch lies inside the window")) return &entry;
    if (!is_inside(entry)) break;
    if (!window_.glob || window_.glob->matches(entry.key.user)) return &entry;
  }
  if (reads_ && iterator_->status().ok()) reads_->ended(Slice(window_.lower), window_.upper);
  return nullptr;
}

bool Scan::is_inside(const Entry& entry) const { return !window_.is_above(entry.key.user) && !window_.is_below(entry.key.user); }

// The next entries of the iterator, in or out of the window. Batches grow, so that little is read in vain. One at a time backwards, and where a transaction
// has to know what was read.
bool Scan::read_batch(size_t wanted_count) {
  if (!placed_) place_at_start();
  batch_at_ = 0;
  batch_count_ = 0;
  if (!iterator_->valid()) return false;
  const bool one_by_one = reads_ || is_reverse();
  const size_t count_max = one_by_one ? 1 : std::min(wanted_count, batch_count_wanted_);
  if (count_max > kBatchCountMin && many_ == nullptr) {
    many_ = std::make_unique_for_overwrite<EntryBuffer<kBatchCountMax>>();
    batch_ = many_->data();
  }
  if (is_reverse() && !at_first_) iterator_->prev();
  if (!iterator_->valid()) return false;
  if (at_first_ || is_reverse()) batch_[batch_count_++] = iterator_->entry();
  at_first_ = false;
  if (batch_count_ < count_max) batch_count_ += iterator_->advance(batch_ + batch_count_, count_max - batch_count_);
  batch_count_wanted_ = std::min(2 * batch_count_wanted_, kBatchCountMax);
  is_batch_inside_ = batch_count_ > 0 && !is_reverse() && !window_.glob && is_inside(batch_[batch_count_ - 1]);
  return batch_count_ > 0;
}

// How many entries of the batch, from the one on that peek() gave, are to be returned without another look.
inline size_t Scan::ready_count() const {
  if (!is_batch_inside_ || reads_) return 1;
  const size_t count = batch_count_ - batch_at_;
  return limit_ == 0 ? count : std::min<uint64_t>(count, limit_ - returned_count_);
}

inline void Scan::returned(const Entry* entries, size_t count) {
  batch_at_ += count;
  returned_count_ += count;
  if (reads_ && count != 0) reads_->returned(*entries);
}

int64_t Scan::end_code() const { return to_c(iterator_->status().code()); }

// The bytes that the entry takes; stored only if they fit `room`.
inline size_t Scan::store_entry(const Entry& entry, uint8_t* out, size_t room) const {
  const Slice key = entry.key.user;
  const Slice value = (flags_ & FIRN_SCAN_KEYS_ONLY) != 0 ? Slice() : entry.value;
  const bool with_version = (flags_ & FIRN_SCAN_ENTRIES) != 0;
  const size_t header = with_version ? 24 : 8;
  const size_t bytes = header + key.size() + value.size();
  if (bytes > room) return bytes;
  store<uint32_t>(out, static_cast<uint32_t>(key.size()));
  store<uint32_t>(out + 4, static_cast<uint32_t>(value.size()));
  if (with_version) {
    store<uint64_t>(out + 8, entry.seq.value);
    store<int64_t>(out + 16, entry.expiry_ms);
  }
  if (value.data() == key.end() && FIRN_FAST_PATH("a value lies behind its key")) {  // as tables and logs have them
    std::memcpy(out + header, key.data(), key.size() + value.size());
  } else {
    std::memcpy(out + header, key.data(), key.size());
    if (!value.empty()) std::memcpy(out + header + key.size(), value.data(), value.size());
  }
  return bytes;
}

int64_t Scan::chunk(uint8_t* out, size_t cap) {
  size_t filled = 0;
  while (const Entry* entry = peek(kBatchCountMax)) {
    const size_t count = ready_count();
    size_t stored = 0;
    size_t bytes = 0;
    for (; stored < count; stored++, filled += bytes) {
      bytes = store_entry(entry[stored], out + filled, cap - filled);
      if (bytes > cap - filled) break;
    }
    returned(entry, stored);
    if (stored == count) continue;
    if (filled != 0) break;
    if (cap >= sizeof(uint64_t)) store<uint64_t>(out, bytes);
    return FIRN_TOO_LARGE;
  }
  if (reads_) reads_->settle();
  return filled != 0 ? static_cast<int64_t>(filled) : end_code();
}

int64_t Scan::entries(firn_kv* out, size_t max) {
  const bool keys_only = (flags_ & FIRN_SCAN_KEYS_ONLY) != 0;
  size_t count = 0;
  while (count < max) {
    const Entry* entry = peek(max - count);
    if (entry == nullptr) break;
    const size_t ready = std::min(ready_count(), max - count);
    for (size_t i = 0; i < ready; i++) {
      const Slice value = keys_only ? Slice() : entry[i].value;
      out[count++] = {entry[i].key.user.data(), entry[i].key.user.size(), value.data(), value.size()};
    }
    returned(entry, ready);
  }
  if (reads_) reads_->settle();
  return count != 0 ? static_cast<int64_t>(count) : end_code();
}

Code Scan::seek(Slice key) {
  returned_count_ = 0;
  const bool before_start = is_reverse() ? window_.is_above(key) : window_.is_below(key);
  if (before_start) {
    place_at_start();
  } else {
    place(key, true);
  }
  return iterator_->status().code();
}

}  // namespace firn
