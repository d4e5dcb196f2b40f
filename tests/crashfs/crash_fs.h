// CrashFs: an Env in memory that writes down what is done to it (Trace), so that the disk's state after power loss at any moment can be made (Disk), that
// fails the k-th call as it is told, and that has a bounded number of bytes.
//
// A call that can fail has a number (calls(), from 0) and a site: what was called and on which kind of file. Stores into a mapping are steps of the trace when
// they are announced; a store that never was is found by comparing every writable mapping with a copy at the next call, and is a violation, as are
// a second sync after a failed one, a write after a failed one to the same file, and calls that write to a mapped file (ENV-1). Clocks stand still but for a microsecond
// a look; random numbers follow from the seed.
// Threading: one thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crashfs/disk_image.h"
#include "crashfs/trace.h"
#include "env/env.h"

namespace firn {

enum class Call {
  kOpenDirectory,
  kOpenFile,
  kCreateFile,
  kList,
  kRemove,
  kSyncDirectory,
  kLock,
  kRead,
  kWrite,
  kAllocate,
  kSync,
  kSize,
  kMap,
  kPopulate
};
inline constexpr size_t kCallCount = 14;
const char* name_of(Call call);

enum class Fault {
  kIo,            // EIO, nothing was done
  kNoSpace,       // ENOSPC, nothing was done
  kNoMemory,      // ENOMEM, nothing was done
  kAccess,        // EACCES
  kTooManyFiles,  // EMFILE
  kShort,         // the first half was written, then EIO
  kShortNoSpace,  // the first half was written, then ENOSPC
  kLostNew,  // a sync: EIO; what it should have written is forgotten, while the cache goes on showing it (ext4, XFS); the disk may have any of it
  kLostOld,    // the same, but the cache shows what the disk has: the old bytes (Btrfs)
  kPersisted,  // a sync: EIO, although everything was written
};
inline constexpr size_t kFaultCount = 10;
const char* name_of(Fault fault);
bool applies(Fault fault, Call call);

// A place in the engine, as it is seen from below.
struct Site {
  Call call;
  std::string file_class;  // "manifest", "wal", "table", "segment", "state", "lock", "directory"
  auto operator<=>(const Site&) const = default;
};

struct FaultPlan {
  uint64_t call = 0;  // its number
  Fault fault = Fault::kIo;
  bool is_sticky = false;  // all later calls of the same site fail too
};

class CrashFs final : public Env {
 public:
  explicit CrashFs(const DiskImage& image = {}, uint64_t seed = 0);
  ~CrashFs() override;

  Result<std::unique_ptr<Directory>> open_directory(const std::string& path, bool create) override;
  int64_t wall_ms() override;
  int64_t monotonic_ns() override;
  void advance(int64_t ms);  // both clocks
  uint64_t random() override;

  void set_stores_in_place(bool can);
  // From here on the trace is kept. The disk at that moment is the image that this was made from.
  const Trace& trace() const;
  // What is in the files now, synced or not: what the death of the process leaves.
  DiskImage live() const;

  uint64_t calls() const;
  const std::vector<Site>& sites() const;  // of all calls so far
  void plan(const FaultPlan& plan);
  void heal();              // no fault any more
  bool has_failed() const;  // the planned fault has happened
  void set_quota(std::optional<uint64_t> bytes);
  uint64_t used_bytes() const;

  // The first violation of a protocol; "": none.
  const std::string& violation() const;
  // The bytes of a mapping may differ from what was announced from here on (a test that spoils them on purpose).
  void spoil(const std::string& path, uint64_t offset, uint8_t mask);

  struct State;

 private:
  const std::shared_ptr<State> state_;
};

}  // namespace firn
