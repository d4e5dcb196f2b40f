// Trace: what was done to a simulated disk, in order: every call that changes it, and every announced store into a mapping.
// Threading: values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace firn {

using NodeId = uint32_t;  // a file or a directory, for ever: names come and go
inline constexpr NodeId kRootNode = 0;

enum class StepKind {
  kCreate,         // `child` gets `name` in the directory `node`
  kLink,           // the same, of a file that has another name already
  kMakeDirectory,  // the same, and `child` is a directory
  kRemove,         // `name` goes from the directory `node`
  kWrite,          // `bytes` at `offset` of the file `node`: a call, or stores into a mapping
  kAllocate,       // the file is at least `offset` long, zero-filled
  kPunch,          // zeros from `offset` on; the length stays
  kSync,           // bytes and length of the file are durable
  kSyncDirectory,  // the names in the directory are durable
  kSyncLost,       // a sync failed, and the kernel has forgotten what it had to write: no later sync makes it durable, and any of it may be
  kSyncDropped,    // a sync failed, and nothing of what it had to write is on the disk or in the cache any more
};

struct Step {
  StepKind kind = StepKind::kWrite;
  NodeId node = kRootNode;
  NodeId child = kRootNode;
  uint64_t offset = 0;
  std::string name;
  std::string bytes;
};

using Trace = std::vector<Step>;

}  // namespace firn
