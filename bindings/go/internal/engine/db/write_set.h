// WriteSet: what a transaction has written and not committed, by namespace and key. A value that was shown to a scan or a pin stays where it is until the set
// is destroyed, also when the key is written again.
// Threading: one thread at a time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/iterator.h"
#include "db/db.h"

namespace firn {

// The writes of one namespace in a range as a scan found them when it was opened, in the order of keys. Borrows from the WriteSet.
struct Overlay {
  std::vector<Entry> entries;  // their sequence number is 0

  bool contains(Slice key) const;
};
std::unique_ptr<Iterator> new_overlay_iterator(std::shared_ptr<const Overlay> overlay);

class WriteSet {
 public:
  struct Write {
    EntryKind kind = EntryKind::kPut;
    int64_t expiry_ms = kNeverExpires;
    std::unique_ptr<uint8_t[]> bytes;  // the value
    size_t size = 0;
    uint64_t epoch = 0;  // of the set, when it was written

    Slice value() const { return {bytes.get(), size}; }
  };

  bool empty() const { return writes_.empty(); }
  const Write* find(uint32_t ns, Slice key) const;  // nullptr: not written
  // kTooLarge: keys and values together would be more than a commit may hold.
  Code set(const Operation& write);

  // Several writes that happen together or not at all: begin(), set()..., then end(keep).
  void begin();
  void end(bool keep);

  // Everything that was written so far may be looked at from now on until the set is destroyed.
  void show() { epoch_++; }
  // The writes in [lower, upper) of `ns`, whose keys have this prefix. nullptr: none. They are shown by it.
  std::shared_ptr<const Overlay> overlay(uint32_t ns, Prefix prefix, Slice lower, const std::optional<Slice>& upper);
  // As a commit takes them; they borrow from the set.
  std::vector<Operation> operations() const;

 private:
  using Key = std::pair<uint32_t, std::string>;
  struct Less {
    using is_transparent = void;
    using View = std::pair<uint32_t, Slice>;
    static View view(const Key& key) { return {key.first, Slice(key.second)}; }
    static View view(const View& view) { return view; }
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      const View left = view(a);
      const View right = view(b);
      return left.first != right.first ? left.first < right.first : left.second < right.second;
    }
  };
  using Writes = std::map<Key, Write, Less>;
  struct Undo {
    Writes::iterator at;
    bool was_absent;
    Write before;
  };
  void retire(Write write);

  Writes writes_;
  uint64_t bytes_ = 0;                             // of keys and values
  uint64_t epoch_ = 0;                             // writes of an earlier epoch were shown
  std::vector<std::unique_ptr<uint8_t[]>> shown_;  // values that were replaced and may still be looked at
  std::vector<Writes::node_type> removed_;         // the same for keys and their values
  bool is_undoable_ = false;
  std::vector<Undo> undo_;
};

}  // namespace firn
