#include "env/posix_mapping.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <new>
#include <utility>

#include "base/check.h"
#include "env/pages.h"

namespace firn {
namespace {

// One MADV_WILLNEED reads no more than the device's largest request (128 KiB at the least), however long its range is. Measured over
// 256 MiB cold in a mapping that was advised MADV_RANDOM: nothing 7.6 s, MADV_WILLNEED ahead 0.22 s, MADV_POPULATE_READ 7.5 s (it
// faults page by page); warm, MADV_POPULATE_READ costs 40 % more than plain faults.
constexpr size_t kReadAheadBytes = size_t{128} << 10;
constexpr size_t kAskedBytes = size_t{1} << 20;  // of so much at a time it is asked whether it is there

// A page that appears by a store's fault makes the file system look ahead: it takes and zeroes pages of 4 KiB for the device's whole read-ahead (8 MiB here: 2 to 40 ms in the
// kernel without a break). Zeros written by calls take pages as large as the call, a quarter of a millisecond for 256 KiB at the most. 64 MiB, then made writable: 18 to 107 ms
// without zeros first; with pieces of 16 KiB 29, 64 KiB 14, 256 KiB 10. Pieces of 2 MiB wait for the kernel to find huge pages: up to ten times as long.
// One call's zeros are many times the same few: they stay in the processor's cache, and what is there does too.
ssize_t write_zeros_at(int fd, size_t offset, size_t bytes) {
  alignas(64) static constexpr uint8_t kZeros[size_t{8} << 10] = {};
  iovec parts[kWriteBytesMax / sizeof kZeros];
  size_t left = bytes_of_call(offset, bytes);
  int count = 0;
  for (; left > 0; left -= parts[count++].iov_len) parts[count] = {const_cast<uint8_t*>(kZeros), std::min(left, sizeof kZeros)};
  return ::pwritev(fd, parts, count, static_cast<off_t>(offset));
}

class PosixMapping final : public Mapping {
 public:
  // `zeroed` is the file that populate() writes zeros to, or nullptr.
  PosixMapping(void* data, size_t size, bool writable, uid_t owner, std::shared_ptr<const Descriptor> zeroed, std::string path)
      : path_(std::move(path)), writable_(writable), owner_(owner), zeroed_(std::move(zeroed)) {
    data_ = static_cast<uint8_t*>(data);
    size_ = size;
  }
  ~PosixMapping() override { ::munmap(data_, size_); }

  Status populate(size_t offset, size_t bytes) override;
  void advise_random() override { ::madvise(data_, size_, MADV_RANDOM); }
  void advise_sequential(size_t offset, size_t bytes) override;
  // Of a shared mapping: what was stored is in the page cache and stays there.
  void advise_written() override { ::madvise(data_, size_, MADV_DONTNEED); }

 private:
  Status write_zeros(size_t offset, size_t bytes) const;

  const std::string path_;
  const bool writable_;
  const uid_t owner_;
  const std::shared_ptr<const Descriptor> zeroed_;
};

// A file that somebody else cut off must not grow again: a record in front of the range may have been lost with it.
Status PosixMapping::write_zeros(size_t offset, size_t bytes) const {
  struct stat status = {};
  if (::fstat(zeroed_->fd(), &status) != 0) return Status::from_errno(errno, "cannot learn the length", path_);
  if (static_cast<uint64_t>(status.st_size) < offset + bytes) return Status(Code::kIo, "the file was cut off", path_, offset);
  while (bytes > 0) {
    const ssize_t n = write_zeros_at(zeroed_->fd(), offset, bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Status::from_errno(n < 0 ? errno : EIO, "cannot write zeros", path_, offset);
    offset += static_cast<size_t>(n);
    bytes -= static_cast<size_t>(n);
  }
  return {};
}

Status PosixMapping::populate(size_t offset, size_t bytes) {
  FIRN_CHECK(writable_ && offset <= size_ && bytes <= size_ - offset, "ENV-2");
  if (bytes == 0) return {};
  if (zeroed_ != nullptr) FIRN_TRY(write_zeros(offset, bytes));
  return make_pages_writable(data_, offset, bytes, path_);
}

void PosixMapping::advise_sequential(size_t offset, size_t bytes) {
  if (offset >= size_) return;
  const size_t end = offset + std::min(bytes, size_ - offset);
  for (size_t at = offset & ~(page_bytes() - 1); at < end; at += kAskedBytes) {
    const size_t asked_end = std::min(at + kAskedBytes, end);
    if (is_known_to_be_cached(data_ + at, asked_end - at, owner_)) continue;
    for (size_t piece = at; piece < asked_end; piece += kReadAheadBytes) {
      ::madvise(data_ + piece, std::min(kReadAheadBytes, asked_end - piece), MADV_WILLNEED);
    }
  }
}

Result<std::unique_ptr<Mapping>> map_descriptor(int fd, size_t bytes, bool writable, std::shared_ptr<const Descriptor> zeroed,
                                                const std::string& path) {
  if (bytes == 0) return Status(Code::kInvalid, "a mapping of no bytes", path);
  struct stat status = {};
  if (::fstat(fd, &status) != 0) return Status::from_errno(errno, "cannot learn the length", path);
  const auto file_bytes = static_cast<uint64_t>(status.st_size);
  if (file_bytes < bytes) return Status::corrupt("the file ends before the bytes to be mapped do", path, file_bytes);

  std::string name = path;  // copied while nothing is mapped that a failing allocation could leak
  void* data = ::mmap(nullptr, bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) return Status::from_errno(errno, "cannot map", path);
  auto* mapping = new (std::nothrow) PosixMapping(data, bytes, writable, status.st_uid, std::move(zeroed), std::move(name));
  if (mapping == nullptr) {
    ::munmap(data, bytes);
    return Code::kNoMemory;
  }
  return std::unique_ptr<Mapping>(mapping);
}

}  // namespace

bool is_known_to_be_cached(const uint8_t* pages, size_t bytes, uid_t owner) {
  constexpr size_t kPagesMax = 512;
  const size_t count = (bytes + page_bytes() - 1) / page_bytes();
  if (count > kPagesMax || owner != ::geteuid() || ::prctl(PR_GET_SECCOMP) > 0) return false;
  unsigned char residence[kPagesMax];
  if (::mincore(const_cast<uint8_t*>(pages), bytes, residence) != 0) return false;
  return std::all_of(residence, residence + count, [](unsigned char page) { return (page & 1) != 0; });
}

Result<std::unique_ptr<Mapping>> map_file(int fd, size_t bytes, const std::string& path) {
  return map_descriptor(fd, bytes, false, nullptr, path);
}

Result<std::unique_ptr<Mapping>> map_file_writable(std::shared_ptr<const Descriptor> descriptor, size_t bytes, bool zeros_first,
                                                   const std::string& path) {
  const int fd = descriptor->fd();
  return map_descriptor(fd, bytes, true, zeros_first ? std::move(descriptor) : nullptr, path);
}

}  // namespace firn
