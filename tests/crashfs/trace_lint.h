// TraceLint: reads a trace step by step and says where the protocol of the disk is broken, whether or not a crash image of that moment would show it.
//
//   TRACE-1  When a record of the manifest, or a state of a durable log, is written, what it names is durable already: the file's name and its directories', a table
//            as a whole, the header of a segment, a segment of the change feed and the parts of a log that was closed or cut up to their ends.
//   TRACE-2  A table or a segment is unlinked only when the manifest or state that forgets it is durable (the manifest's edit covered by a durable mark); a segment of
//            the manifest or a state only when a newer one is.
//   TRACE-3  Bytes are written once: a write fills zeros or repeats what is there; a hole is punched behind the last record only.
//   TRACE-4  A sync that failed is final: bytes that it was to write count as durable only when they were written once more and synced after it.
//   TRACE-5  When a durable act is acknowledged all that the durable manifest or state names is durable: of segments every record that was not trimmed.
//   TRACE-6  A record is written to a segment only when the durable manifest or state names it.
//
// There is no rule for renaming: Env has no such call. Nothing is cut short either: allocate() only extends, and of holes TRACE-3 speaks.
// Threading: one thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "crashfs/disk_image.h"
#include "crashfs/trace.h"
#include "durable_log/log_state.h"
#include "lsm/manifest_state.h"

namespace firn {

class TraceLint {
 public:
  struct Counts {
    uint64_t named = 0;         // files that were looked at when something named them
    uint64_t removed = 0;       // or when they were unlinked
    uint64_t acknowledged = 0;  // acknowledgements
    void add(const Counts& other);
    std::string text() const;
  };

  explicit TraceLint(const DiskImage& start);  // everything in it is durable
  ~TraceLint();

  void apply(const Step& step);
  size_t apply(const Trace& trace, size_t from);  // the steps from there on; how many there are
  void acknowledge();                             // an act that promises durability has succeeded
  const std::string& violation() const { return violation_; }
  const Counts& counts() const { return counts_; }

 private:
  enum class Kind { kOther, kManifest, kWal, kTable, kSegment, kState };
  enum class Copy { kNewest, kDurable };
  struct Range {
    uint64_t begin = 0;
    uint64_t end = 0;
    bool is_lost = false;  // a sync of it has failed
  };
  struct File {
    std::string newest;
    std::string durable;
    std::vector<Range> unsynced;
    bool is_durable(uint64_t bytes) const;  // so many of its first ones
  };
  struct Directory {
    NodeId parent = kRootNode;
    std::string name;
    std::map<std::string, NodeId> newest;
    std::map<std::string, NodeId> durable;
  };
  struct DurableManifest {
    uint64_t segment_id = 0;
    bool is_covered = false;
    ManifestState state;
  };

  void write(const Step& step);
  void punch(const Step& step);
  void settle(File& file, StepKind kind);
  void remove(const Step& step);
  void check_manifest(NodeId manifest_directory, const char* rule);
  void check_state(NodeId directory, const char* rule);
  void expect_durable(const char* rule, NodeId directory, const std::string& name, uint64_t bytes);
  void check_record(NodeId directory, const std::string& name, Kind kind);
  void expect_forgotten(NodeId directory, const std::string& name, Kind kind);
  void expect_newer(NodeId directory, const std::string& name, Kind kind);

  std::set<std::string> names_of(NodeId directory, Kind kind);
  const std::optional<DurableManifest>& durable_manifest(NodeId directory);
  const std::optional<LogState>& durable_state(NodeId directory);
  void forget(NodeId directory);
  const std::string& newest(NodeId directory, const std::string& name) const;
  Kind kind_of(NodeId directory, const std::string& name) const;
  bool is_durable_name(NodeId directory, const std::string& name) const;
  std::optional<NodeId> subdirectory(NodeId directory, const std::string& name) const;
  std::optional<DurableManifest> read_manifest(NodeId directory, Copy copy) const;
  std::optional<LogState> read_state(NodeId directory, Copy copy) const;
  DiskImage files_of(NodeId directory, Copy copy) const;
  void violate(const std::string& rule, NodeId directory, const std::string& name, const std::string& what);

  std::map<NodeId, File> files_;
  std::map<NodeId, Directory> directories_;
  std::map<NodeId, std::pair<NodeId, std::string>> places_;  // of files: their first name
  std::map<NodeId, std::optional<DurableManifest>> durable_manifests_;
  std::map<NodeId, std::optional<LogState>> durable_states_;
  std::string violation_;
  Counts counts_;
};

}  // namespace firn
