// A file in anonymous memory: what the Env in memory (memory_env.h) has in place of files. Its bytes lie behind each other in the address space, so a mapping is a pointer to
// them, and to a read-only one it is not the processor that refuses a store. What grows as it is written (a table) lies in huge pages: gets of a million keys take a fifth less
// time than with pages of 4 KiB. What is allocated at once (a log) lies in small ones, a few of which are made present at a time.
//
// A child of fork() has a copy of its own: as long as it lives, the first store of either into a page copies that page.
//
//   ENV-6  What somebody has mapped never moves: such a file has no room but what it had then.
//
// Threading: any thread may call any method at any time.
#pragma once

#include <memory>
#include <shared_mutex>
#include <string>

#include "env/anonymous_memory.h"
#include "env/env.h"

namespace firn {

// What the openings and the mappings of one file share.
class MemoryFileContent {
 public:
  Status read(uint64_t offset, uint8_t* to, size_t bytes, const std::string& path) const;
  Status write(uint64_t offset, Slice bytes, const std::string& path);
  Status allocate(uint64_t bytes, const std::string& path);
  void release_tail(uint64_t from);
  uint64_t size() const;
  // Where the first `bytes` are from now on, for as long as the content lives.
  Result<uint8_t*> fix(uint64_t bytes, const std::string& path);

 private:
  Status grow(uint64_t room, bool in_huge_pages, const std::string& path);

  mutable std::shared_mutex mutex_;
  AnonymousMemory memory_;  // zero behind size_
  uint64_t size_ = 0;
  bool is_fixed_ = false;
};

class MemoryFile final : public File {
 public:
  MemoryFile(std::shared_ptr<MemoryFileContent> content, std::string path) : content_(std::move(content)), path_(std::move(path)) {}

  Status read(uint64_t offset, uint8_t* to, size_t bytes) override { return content_->read(offset, to, bytes, path_); }
  Status write(uint64_t offset, Slice bytes) override { return content_->write(offset, bytes, path_); }
  Status allocate(uint64_t bytes) override { return content_->allocate(bytes, path_); }
  void release_tail(uint64_t from) override { content_->release_tail(from); }
  Status sync() override { return {}; }
  Result<uint64_t> size() override { return content_->size(); }
  Result<std::unique_ptr<Mapping>> map(size_t bytes, bool writable) override;
  bool stores_in_place() override { return true; }
  const std::string& path() const override { return path_; }

 private:
  const std::shared_ptr<MemoryFileContent> content_;
  const std::string path_;
};

}  // namespace firn
