// A File over a string: tests change its bytes, cut it, and let its writes fail. Mapped as it is at the moment of map().
// Threading: reads and mappings from any thread; writes from one.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "env/env.h"

namespace firn {

// The ranges [begin, end) that were to be read ahead. From one thread.
using ReadAheads = std::vector<std::pair<size_t, size_t>>;

class BytesMapping final : public Mapping {
 public:
  BytesMapping(std::string_view bytes, ReadAheads* read_aheads)
      : copy_(std::make_unique<uint8_t[]>(bytes.size())), read_aheads_(read_aheads) {
    if (!bytes.empty()) std::memcpy(copy_.get(), bytes.data(), bytes.size());
    data_ = copy_.get();
    size_ = bytes.size();
  }
  Status populate(size_t, size_t) override { return {}; }
  void advise_random() override {}
  void advise_written() override {}
  void advise_sequential(size_t offset, size_t bytes) override {
    if (read_aheads_ != nullptr) read_aheads_->emplace_back(offset, offset + bytes);
  }

 private:
  std::unique_ptr<uint8_t[]> copy_;
  ReadAheads* const read_aheads_;
};

class BytesFile final : public File {
 public:
  BytesFile() = default;
  explicit BytesFile(std::string bytes) : bytes_(std::move(bytes)) {}

  const std::string& bytes() const { return bytes_; }
  bool was_synced() const { return was_synced_; }
  // The n-th call from now on that writes or syncs fails (1: the next one), and all after it; 0: none.
  void fail_at(int n) { fail_at_ = n; }
  // What its mappings are to read ahead goes there. Outlives them.
  void note_read_aheads_in(ReadAheads* read_aheads) { read_aheads_ = read_aheads; }

  Status read(uint64_t offset, uint8_t* to, size_t bytes) override {
    if (offset > bytes_.size() || bytes > bytes_.size() - offset) return Status::corrupt("end of file", path_, bytes_.size());
    if (bytes > 0) std::memcpy(to, bytes_.data() + offset, bytes);
    return {};
  }
  Status write(uint64_t offset, Slice bytes) override {
    if (is_failing()) return Status(Code::kNoSpace, "no space", path_);
    if (bytes_.size() < offset + bytes.size()) bytes_.resize(offset + bytes.size());
    if (!bytes.empty()) std::memcpy(bytes_.data() + offset, bytes.data(), bytes.size());
    return {};
  }
  Status allocate(uint64_t) override { return Code::kUnsupported; }
  void release_tail(uint64_t) override {}
  Status sync() override {
    if (is_failing()) return Status(Code::kIo, "sync failed", path_);
    was_synced_ = true;
    return {};
  }
  Result<uint64_t> size() override { return uint64_t{bytes_.size()}; }
  Result<std::unique_ptr<Mapping>> map(size_t bytes, bool) override {
    if (bytes > bytes_.size()) return Status::corrupt("end of file", path_, bytes_.size());
    return std::unique_ptr<Mapping>(std::make_unique<BytesMapping>(std::string_view(bytes_).substr(0, bytes), read_aheads_));
  }
  bool stores_in_place() override { return false; }
  const std::string& path() const override { return path_; }

 private:
  bool is_failing() {
    if (fail_at_ == 0) return false;
    if (fail_at_ > 1) {
      --fail_at_;
      return false;
    }
    return true;
  }

  std::string bytes_;
  std::string path_ = "bytes";
  bool was_synced_ = false;
  int fail_at_ = 0;
  ReadAheads* read_aheads_ = nullptr;
};

}  // namespace firn
