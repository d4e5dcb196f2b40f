// Manifest: the record of what the database consists of: a log whose newest segment begins with a snapshot of the state and goes on with edits.
//
//   MAN-1  An edit is durable when apply() returns, and a durable mark covers it: damage to it later is rot, never taken for a torn tail. Only then may what it
//          made obsolete be deleted.
//   MAN-2  An opening continues in a new segment; the old ones go when its snapshot is durable.
//   MAN-3  After a failed apply() the manifest takes no more edits: what is on disk is either state; until restart() has made a third one durable.
//
// Threading: apply() and state() are ordered by a mutex inside.
#pragma once

#include <memory>
#include <mutex>

#include "log/log.h"
#include "lsm/manifest_state.h"

namespace firn {

class Manifest {
 public:
  // Reads the state that the directory holds; changes nothing. kNotFound: there is no manifest (a new database, or one whose creation was cut short).
  static Result<ManifestState> read(Directory& directory);
  // Starts a new segment with `state` as its snapshot and removes the older ones.
  static Result<std::unique_ptr<Manifest>> start(std::unique_ptr<Directory> directory, const ManifestState& state, SegmentIo io, Env& env);

  Status apply(const ManifestEdit& edit);
  // Goes on in a new segment that begins with `state`, whatever became of the one before.
  Status restart(const ManifestState& state);
  ManifestState state() const;

 private:
  Manifest(std::unique_ptr<Log> log, const ManifestState& state) : log_(std::move(log)), state_(state) {}
  Status start_segment();
  Status append_durably(Slice record);

  mutable std::mutex mutex_;
  std::unique_ptr<Log> log_;
  ManifestState state_;
};

}  // namespace firn
