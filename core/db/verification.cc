// Verification: what Db::check() looks at in a database that has been opened read-only, which has read the manifest, the footers, the live log and the names of the
// namespaces by then.
#include <algorithm>
#include <unordered_set>

#include "db/db_impl.h"
#include "lsm/log_walk.h"

namespace firn {
namespace {

Status verify_table_order(const Run& run, const Directory& tables) {
  for (size_t i = 1; i < run.tables.size(); i++) {
    if (run.tables[i - 1]->table->properties().largest().compare(run.tables[i]->table->properties().smallest()) >= 0) {
      return Status::corrupt("two tables of a run overlap", tables.path() + "/" + table_name(run.tables[i]->id), 0);
    }
  }
  return {};
}

// Of a key that several runs have the newer run has the higher number (LSM-1). The tables have been verified.
Status verify_run_order(const Version& version, const Directory& tables) {
  std::vector<std::unique_ptr<Iterator>> runs;  // newest first
  for (const Run& run : version.runs) {
    runs.push_back(new_run_iterator(run.tables, true));
    runs.back()->seek_to_first();
  }
  for (;;) {
    const Iterator* first = nullptr;
    for (const auto& run : runs) {
      if (!run->valid()) {
        FIRN_TRY(run->status());
      } else if (first == nullptr || run->entry().key.compare(first->entry().key) < 0) {
        first = run.get();
      }
    }
    if (first == nullptr) return {};
    const std::string user = first->entry().key.user.to_string();
    const InternalKey key{first->entry().key.prefix, Slice(std::string_view(user))};
    Seq newer = kSeqMax;
    for (size_t i = 0; i < runs.size(); i++) {
      if (!runs[i]->valid() || runs[i]->entry().key.compare(key) != 0) continue;
      if (runs[i]->entry().seq >= newer) {
        return Status::corrupt("an older run has a newer version of a key", tables.path() + "/" + table_name(version.runs[i].tables[0]->id),
                               0);
      }
      newer = runs[i]->entry().seq;
      runs[i]->next();
    }
  }
}

Status verify_state(const ManifestState& state, const Version& version, const std::string& path) {
  std::unordered_set<uint64_t> ids;
  for (const TableRecord& table : state.tables) {
    if (!ids.insert(table.table_id).second) return Status::corrupt("the manifest names a table twice", path, 0);
    if (table.table_id >= state.next_table_id || table.run_id >= state.next_run_id) {
      return Status::corrupt("the manifest would give a number of a table or a run a second time", path, 0);
    }
  }
  for (const Run& run : version.runs) {
    for (const TableRef& table : run.tables) {
      if (state.closed_clean && table->table->properties().seq_max > state.seq_floor) {
        return Status::corrupt("a table has a commit above the last one that the manifest names", path, 0);
      }
    }
  }
  return {};
}

}  // namespace

Status DbImpl::verify_retained(const ManifestState& state) {
  FIRN_TRY_ASSIGN(const auto wal, core_.directory->open_directory("wal", false));
  for (const RetainedSegment& retained : state.retained) {
    auto segment = Segment::open(*wal, retained.id, state.wal_id, SegmentIo::kPwrite);
    if (segment.status().is(Code::kNotFound)) continue;  // the feed says itself how far back it reads
    if (!segment.ok()) return segment.status();
    if (retained.end > (*segment)->capacity())
      return Status::corrupt("a segment is shorter than the manifest says", (*segment)->path(), retained.end);
    uint64_t offset = kSegmentHeaderBytes;
    Seq last = retained.seq_min;
    bool is_ordered = true;
    const auto visit = [&](const uint8_t* at) {
      is_ordered = is_ordered && log_entry_seq(at) >= last && log_entry_seq(at) <= retained.seq_max;
      last = log_entry_seq(at);
    };
    FIRN_TRY(visit_found_entries(**segment, &offset, retained.end, visit));
    if (!is_ordered) return Status::corrupt("the commits of a retained segment do not ascend", (*segment)->path(), kSegmentHeaderBytes);
  }
  return {};
}

Status DbImpl::verify() {
  const VersionRef version = core_.views->current()->version();
  FIRN_TRY_ASSIGN(const auto manifest, core_.directory->open_directory("manifest", false));
  FIRN_TRY_ASSIGN(const ManifestState state, Manifest::read(*manifest));
  FIRN_TRY(verify_state(state, *version, manifest->path()));
  for (const Run& run : version->runs) {
    FIRN_TRY(verify_table_order(run, *core_.tables));
    for (const TableRef& table : run.tables) FIRN_TRY(table->table->verify(core_.hash_seed));
  }
  FIRN_TRY(verify_run_order(*version, *core_.tables));
  return verify_retained(state);
}

}  // namespace firn
