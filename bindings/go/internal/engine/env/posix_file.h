// A file by its descriptor (posix_directory.h).
// Threading: any thread may call any method at any time.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "env/descriptor.h"
#include "env/env.h"

namespace firn {

class PosixFile final : public File {
 public:
  PosixFile(std::shared_ptr<const Descriptor> descriptor, std::string path) : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  Status read(uint64_t offset, uint8_t* to, size_t bytes) override;
  Status write(uint64_t offset, Slice bytes) override;
  Status allocate(uint64_t bytes) override;
  void begin_write_back(uint64_t offset, uint64_t bytes) override;
  void release_tail(uint64_t from) override;
  Status sync() override;
  Result<uint64_t> size() override;
  uint64_t written_end() override;
  Result<std::unique_ptr<Mapping>> map(size_t bytes, bool writable) override;
  // Known for good once allocate() has been called: a file system of the right kind may still have no fallocate.
  bool stores_in_place() override;
  const std::string& path() const override { return path_; }

 private:
  int fd() const { return descriptor_->fd(); }

  const std::shared_ptr<const Descriptor> descriptor_;
  const std::string path_;
  std::atomic<bool> has_fallocate_{true};
};

}  // namespace firn
