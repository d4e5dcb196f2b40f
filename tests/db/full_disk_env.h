// An Env whose disk fills up, whose syncs and writes fail, and whose directories' syncs and tables' writes wait or do damage, on demand. Files and names are those of the real file system.
// Threading: as that.
#pragma once

#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "env/damage.h"
#include "env/env.h"
#include "env/posix_env.h"

namespace firn {

struct Disk {
  std::atomic<int64_t> room_bytes{INT64_MAX};
  std::atomic<bool> fails_syncs{false};
  std::atomic<bool> fails_writes{false};
  std::atomic<bool> can_link{true};
  std::atomic<bool> holds_directory_syncs{false};  // they begin and do not end
  std::atomic<bool> holds_table_writes{false};
  std::atomic<int> held_count{0};
  std::atomic<bool> damages_tables{false};  // a bit of their first byte arrives as its opposite
  std::atomic<int> damaged_count{0};
  std::atomic<int64_t> room_per_nameless_bytes{0};  // comes back when a file without a name is closed

  Status take(uint64_t bytes, const std::string& path) {
    if (room_bytes.fetch_sub(static_cast<int64_t>(bytes)) >= static_cast<int64_t>(bytes)) return {};
    room_bytes.fetch_add(static_cast<int64_t>(bytes));
    return Status::from_errno(ENOSPC, "cannot write", path);
  }
};

class FullDiskFile final : public File {
 public:
  FullDiskFile(std::unique_ptr<File> file, Disk& disk) : file_(std::move(file)), disk_(disk) {}
  ~FullDiskFile() override {
    if (disk_.room_per_nameless_bytes != 0 && !std::filesystem::exists(path())) disk_.room_bytes += disk_.room_per_nameless_bytes;
  }
  Status read(uint64_t offset, uint8_t* to, size_t bytes) override { return file_->read(offset, to, bytes); }
  Status write(uint64_t offset, Slice bytes) override {
    if (disk_.fails_writes) return Status::from_errno(EIO, "cannot write", path());
    const bool is_table = path().ends_with(".tbl");
    if (is_table && disk_.holds_table_writes) disk_.held_count++;
    while (is_table && disk_.holds_table_writes) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    FIRN_TRY(disk_.take(bytes.size(), path()));
    if (!is_table || offset != 0 || !disk_.damages_tables) return file_->write(offset, bytes);
    disk_.damaged_count++;
    return file_->write(offset, Slice(std::string_view(with_first_bit_flipped(bytes))));
  }
  Status allocate(uint64_t bytes) override {
    FIRN_TRY(disk_.take(bytes, path()));
    return file_->allocate(bytes);
  }
  void release_tail(uint64_t from) override { file_->release_tail(from); }
  Status sync() override { return disk_.fails_syncs ? Status::from_errno(EIO, "cannot sync", path()) : file_->sync(); }
  Result<uint64_t> size() override { return file_->size(); }
  Result<std::unique_ptr<Mapping>> map(size_t bytes, bool writable) override { return file_->map(bytes, writable); }
  bool stores_in_place() override { return file_->stores_in_place(); }
  const std::string& path() const override { return file_->path(); }

 private:
  const std::unique_ptr<File> file_;
  Disk& disk_;
};

class FullDiskDirectory final : public Directory {
 public:
  FullDiskDirectory(std::unique_ptr<Directory> directory, Disk& disk) : directory_(std::move(directory)), disk_(disk) {}
  Result<std::unique_ptr<File>> open_file(std::string_view name, OpenMode mode) override {
    if (mode == OpenMode::kCreate) FIRN_TRY(disk_.take(1, path()));
    FIRN_TRY_ASSIGN(auto file, directory_->open_file(name, mode));
    return std::unique_ptr<File>(std::make_unique<FullDiskFile>(std::move(file), disk_));
  }
  Result<std::unique_ptr<Directory>> open_directory(std::string_view name, bool create) override {
    FIRN_TRY_ASSIGN(auto below, directory_->open_directory(name, create));
    return std::unique_ptr<Directory>(std::make_unique<FullDiskDirectory>(std::move(below), disk_));
  }
  Result<std::vector<std::string>> list() override { return directory_->list(); }
  Status remove(std::string_view name) override { return directory_->remove(name); }
  Status sync() override {
    if (disk_.holds_directory_syncs) disk_.held_count++;
    while (disk_.holds_directory_syncs) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return directory_->sync();
  }
  Status link(std::string_view name, Directory& to) override {
    if (!disk_.can_link) return Code::kUnsupported;
    FIRN_TRY(disk_.take(1, path()));
    return directory_->link(name, *static_cast<FullDiskDirectory&>(to).directory_);
  }
  Result<std::unique_ptr<FileLock>> lock(std::string_view name) override { return directory_->lock(name); }
  const std::string& path() const override { return directory_->path(); }

 private:
  const std::unique_ptr<Directory> directory_;
  Disk& disk_;
};

class FullDiskEnv final : public Env {
 public:
  Result<std::unique_ptr<Directory>> open_directory(const std::string& path, bool create) override {
    FIRN_TRY_ASSIGN(auto directory, posix_env().open_directory(path, create));
    return std::unique_ptr<Directory>(std::make_unique<FullDiskDirectory>(std::move(directory), disk));
  }
  int64_t wall_ms() override { return posix_env().wall_ms(); }
  int64_t monotonic_ns() override { return posix_env().monotonic_ns(); }
  uint64_t random() override { return posix_env().random(); }

  Disk disk;
};

}  // namespace firn
