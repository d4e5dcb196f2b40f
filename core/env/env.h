// Env: the only door to the operating system: directories, files, mappings, locks, clock, randomness. Everything that is not
// deterministic passes here, so that crash simulation, fault injection and time travel are other implementations of this
// interface (posix_env.h is the production one; memory_env.h keeps files in anonymous memory for ":memory:").
//
// Rules for callers:
//   ENV-1  A file is written through calls or through a mapping, never through both (but for the zeros of Mapping::populate).
//   ENV-2  A store into a writable mapping lies below the length that allocate() was given, and is announced
//          (Mapping::announce) after it was made; in production the announcement is empty.
//   ENV-3  A name is durable only after sync() of its directory; bytes only after sync() of their file.
// Threading: any thread may call any method at any time; a file's owner orders its own writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/slice.h"
#include "base/status.h"

namespace firn {

// Sees every announced store of a mapping; only simulations have one.
class StoreObserver {
 public:
  virtual ~StoreObserver() = default;
  virtual void stored(size_t offset, size_t bytes) = 0;
};

// A mapped file. Unmapped by its destructor.
class Mapping {
 public:
  virtual ~Mapping() = default;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  uint8_t* data() const { return data_; }  // stored to only if it was mapped as writable
  size_t size() const { return size_; }

  void announce(size_t offset, size_t bytes) const {
    if (observer_ != nullptr) [[unlikely]]
      observer_->stored(offset, bytes);
  }
  // Makes the pages of the range present and writable, so that later stores neither fault nor fail. The range is zero and nobody stores into it
  // until this returns: it may be written with zeros, which costs less than faults and gives larger pages. An error means that the disk or
  // the memory could not give them.
  virtual Status populate(size_t offset, size_t bytes) = 0;
  virtual void advise_random() = 0;                                 // point reads: no read-ahead
  virtual void advise_sequential(size_t offset, size_t bytes) = 0;  // read this range ahead
  // Nothing is stored any more; reads go on, and find the pages again one by one. A sync then has no page of this mapping to write-protect, for each of
  // which it would interrupt every processor that runs this process.
  virtual void advise_written() = 0;

 protected:
  Mapping() = default;
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  StoreObserver* observer_ = nullptr;
};

class File {
 public:
  virtual ~File() = default;

  // Reads exactly `bytes`; fewer (end of file) is kCorrupt with the offset.
  virtual Status read(uint64_t offset, uint8_t* to, size_t bytes) = 0;
  virtual Status write(uint64_t offset, Slice bytes) = 0;  // all of it, or an error
  virtual Status allocate(uint64_t bytes) = 0;             // reserves disk space and extends the length, zero-filled
  // Begins to write the range to the device, so that the next sync() has less to wait for; best effort.
  virtual void begin_write_back(uint64_t /*offset*/, uint64_t /*bytes*/) {}
  virtual void release_tail(uint64_t from) = 0;  // gives blocks from here on back (punches a hole); best effort
  virtual Status sync() = 0;                     // fdatasync; an error is final (never call it again on this file)
  virtual Result<uint64_t> size() = 0;
  // From here to the end of the file there are only zeros, as the file system knows without reading: behind the last place that was ever written. Best effort: a
  // file system that does not know says the end of the file, and so does who does not ask it.
  virtual uint64_t written_end() { return UINT64_MAX; }
  virtual Result<std::unique_ptr<Mapping>> map(size_t bytes, bool writable) = 0;
  // Whether space that allocate() gave can be stored to without ENOSPC (ext4, XFS, tmpfs with a real fallocate). Else write through
  // calls. Ask after allocate(): a false there is for good.
  virtual bool stores_in_place() = 0;
  virtual const std::string& path() const = 0;  // for messages

 protected:
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
};

// A held lock; released by its destructor.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class OpenMode { kRead, kReadWrite, kCreate };  // kCreate: new and empty, kExists when the name is taken

// Names are single components; others are kInvalid. A name that is a symbolic link, or not of the kind asked for, is kNotADatabase.
class Directory {
 public:
  virtual ~Directory() = default;

  virtual Result<std::unique_ptr<File>> open_file(std::string_view name, OpenMode mode) = 0;
  // kNotFound: missing and not `create`. A name made here is durable after sync() of this directory (ENV-3).
  virtual Result<std::unique_ptr<Directory>> open_directory(std::string_view name, bool create) = 0;
  virtual Result<std::vector<std::string>> list() = 0;  // names, sorted, without "." and ".."
  virtual Status remove(std::string_view name) = 0;     // a file, or an empty directory
  virtual Status sync() = 0;                            // fsync of the directory: names are durable
  // Gives the file `name` a second name, the same one, in `to` (a hard link). kUnsupported: these directories, or their file system, cannot; kNotFound, kExists.
  virtual Status link(std::string_view name, Directory& to) {
    (void)name;
    (void)to;
    return Code::kUnsupported;
  }
  // An exclusive lock on a file of this directory (created when missing), owned by this process. kLocked at once when it is
  // held elsewhere, also by this process; the message says by whom, as far as the holder wrote it down.
  virtual Result<std::unique_ptr<FileLock>> lock(std::string_view name) = 0;
  virtual const std::string& path() const = 0;  // for messages

 protected:
  Directory() = default;
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
};

class Env {
 public:
  virtual ~Env() = default;

  // kNotFound: missing and not `create`. kNotADatabase: the path is not a directory. The parents must exist. A directory made here has
  // a durable name when this returns.
  virtual Result<std::unique_ptr<Directory>> open_directory(const std::string& path, bool create) = 0;
  virtual int64_t wall_ms() = 0;       // Unix time; may jump
  virtual int64_t monotonic_ns() = 0;  // never goes back
  // The same clock, read faster, and up to a tick of the system (1 to 10 ms) behind.
  virtual int64_t monotonic_coarse_ns() { return monotonic_ns(); }
  virtual uint64_t random() = 0;  // 64 bits from the system's generator

 protected:
  Env() = default;
  Env(const Env&) = delete;
  Env& operator=(const Env&) = delete;
};

}  // namespace firn
