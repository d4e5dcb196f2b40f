#include "env/memory_file.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "env/pages.h"

namespace firn {
namespace {

constexpr uint64_t kFileBytesMax = uint64_t{1} << 46;  // less than an address space
constexpr uint64_t kSmallRoomBytes = 64 << 10;
// Of address space: more than a table grows to, so that most are copied once, from small pages.
constexpr uint64_t kLargeRoomBytes = 128 << 20;

class MemoryFileMapping final : public Mapping {
 public:
  MemoryFileMapping(std::shared_ptr<MemoryFileContent> content, uint8_t* data, size_t size, bool writable, std::string path)
      : content_(std::move(content)), writable_(writable), path_(std::move(path)) {
    data_ = data;
    size_ = size;
  }

  Status populate(size_t offset, size_t bytes) override {
    FIRN_CHECK(writable_ && offset <= size_ && bytes <= size_ - offset, "ENV-2");
    return make_pages_writable(data_, offset, bytes, path_);
  }
  void advise_random() override {}
  void advise_sequential(size_t /*offset*/, size_t /*bytes*/) override {}
  void advise_written() override {}

 private:
  const std::shared_ptr<MemoryFileContent> content_;
  const bool writable_;
  const std::string path_;
};

}  // namespace

Status MemoryFileContent::read(uint64_t offset, uint8_t* to, size_t bytes, const std::string& path) const {
  if (bytes == 0) return {};
  const std::shared_lock lock(mutex_);
  if (offset > size_ || bytes > size_ - offset) {
    return Status::corrupt("the file ends before the bytes to be read do", path, std::max(offset, size_));
  }
  std::memcpy(to, memory_.data() + offset, bytes);
  return {};
}

Status MemoryFileContent::write(uint64_t offset, Slice bytes, const std::string& path) {
  if (offset > kFileBytesMax || bytes.size() > kFileBytesMax - offset) {
    return Status(Code::kTooLarge, "a write behind the last offset that a file can have", path, offset);
  }
  if (bytes.empty()) return {};
  const std::lock_guard lock(mutex_);
  const uint64_t end = offset + bytes.size();
  if (end > memory_.size()) {
    uint64_t room = std::max(2 * memory_.size(), kSmallRoomBytes);
    while (room < end) room *= 2;
    if (room > kHugePageBytes) room = std::max(room, kLargeRoomBytes);
    FIRN_TRY(grow(room, true, path));
  }
  uint8_t* const to = memory_.data() + offset;
  if (to != bytes.data()) std::memcpy(to, bytes.data(), bytes.size());  // else who has mapped it writes it again
  size_ = std::max(size_, end);
  return {};
}

Status MemoryFileContent::allocate(uint64_t bytes, const std::string& path) {
  if (bytes > kFileBytesMax) return Status(Code::kTooLarge, "a length that no file has", path, bytes);
  const std::lock_guard lock(mutex_);
  if (bytes > memory_.size()) FIRN_TRY(grow(bytes, false, path));
  size_ = std::max(size_, bytes);
  return {};
}

Status MemoryFileContent::grow(uint64_t room, bool in_huge_pages, const std::string& path) {
  FIRN_CHECK(!is_fixed_, "ENV-6");
  AnonymousMemory larger(room, in_huge_pages);
  if (larger.data() == nullptr) return Status(Code::kNoSpace, "no memory for a file in memory", path, room);
  if (size_ > 0) std::memcpy(larger.data(), memory_.data(), size_);
  memory_ = std::move(larger);
  return {};
}

void MemoryFileContent::release_tail(uint64_t from) {
  const std::lock_guard lock(mutex_);
  if (from < size_) memory_.release(round_up(from, page_bytes()), round_up(size_, page_bytes()));
}

uint64_t MemoryFileContent::size() const {
  const std::shared_lock lock(mutex_);
  return size_;
}

Result<uint8_t*> MemoryFileContent::fix(uint64_t bytes, const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (bytes > size_) return Status::corrupt("the file ends before the bytes to be mapped do", path, size_);
  is_fixed_ = true;
  return memory_.data();
}

Result<std::unique_ptr<Mapping>> MemoryFile::map(size_t bytes, bool writable) {
  if (bytes == 0) return Status(Code::kInvalid, "a mapping of no bytes", path_);
  FIRN_TRY_ASSIGN(uint8_t* const data, content_->fix(bytes, path_));
  return std::unique_ptr<Mapping>(std::make_unique<MemoryFileMapping>(content_, data, bytes, writable, path_));
}

}  // namespace firn
