// ChangeFeed: committed operations in their order, read from the segments of the write-ahead log: those of the memtables, and flushed ones that
// changes_retention_* keeps.
//
//   FEED-1  A retained segment is durable before the manifest says that it is retained.
//   FEED-2  The view is loaded before the list of retained segments, and a flush puts a segment into the list before it takes the memtable out of the view: so no
//           commit is passed over.
//
// Threading: read(), bounds(), oldest() from any thread, marked. The others one at a time (the flush, opening, closing).
#pragma once

#include <map>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "env/env.h"
#include "log/log.h"
#include "lsm/manifest_state.h"
#include "lsm/read_view.h"

namespace firn {

struct DbCore;

class ChangeFeed {
 public:
  explicit ChangeFeed(DbCore& core) : core_(core) {}

  // Opening: what the manifest says is retained. Files that are gone, and what is older than they are, is forgotten.
  void start(std::vector<RetainedSegment> retained);
  // No commit has a version above `last` and up to `jumped`: a reader who has everything up to `last` goes on behind.
  void versions_jumped(Seq last, Seq jumped);
  // A flush: adds to the edit that its segments are retained, and older ones not any more; once the edit is applied, retained() makes it so.
  Status retain(const std::vector<std::shared_ptr<Memtable>>& newest_first, ManifestEdit* edit);
  void retained();
  // The oldest segment that is kept; `otherwise`: none is.
  uint64_t first_segment(uint64_t otherwise) const;

  // The first version from which on every commit can be read, and the one after the last commit.
  std::pair<Seq, Seq> bounds() const;
  // Fills `out` with whole commits from version `from` on: (u64 version, u32 op, u32 ns, u32 key_len, u32 val_len, i64 expiry_ms, key, value)*. Returns the bytes; 0:
  // there are no more. kNotFound: `from` is not kept any more. kInvalid: it is above the next one. kTooLarge: the next commit alone needs *needed bytes.
  Result<size_t> read(Seq from, bool durable_only, uint8_t* out, size_t cap, size_t* needed);

 private:
  struct Source {
    uint64_t segment_id;
    Seq seq_max;
    uint64_t end;                      // where its records end
    std::shared_ptr<Segment> segment;  // nullptr: retained, to be opened
    bool is_durable;
  };
  struct Cursor {
    uint64_t segment_id;
    uint64_t offset;
  };
  struct Reading;

  Status make_durable(const Memtable& memtable);
  std::vector<Source> sources(const ReadView& view, Seq* first) const;
  Result<std::shared_ptr<Segment>> open(const Source& source);
  Status read_source(const Source& source, Reading* reading);
  Status read_commit(const Segment& segment, Slice payload, uint64_t offset, Reading* reading) const;
  void remember(Seq next, const Cursor& cursor);

  DbCore& core_;
  mutable std::mutex list_mutex_;  // retained_
  std::vector<RetainedSegment> retained_;
  std::vector<RetainedSegment> pending_;  // what retained_ will be

  std::mutex read_mutex_;               // the rest: readers take turns
  std::map<Seq, Seq> jumps_;            // from the version that no commit got to the next one that one can get
  std::shared_ptr<Segment> opened_;     // the retained segment that was read last
  std::map<uint64_t, Cursor> cursors_;  // where a reader of this version goes on
};

// What a system commit did to the namespaces, in the words of the feed.
inline constexpr uint32_t kChangeNsOpen = 16;
inline constexpr uint32_t kChangeNsClear = 17;
inline constexpr uint32_t kChangeNsDrop = 18;

}  // namespace firn
