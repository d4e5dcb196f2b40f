// A directory whose files count their syncs, take their time for them, and on demand fail writes, syncs or pages of mappings, or damage a write. Names and bytes are those of the directory that it stands before.
// Threading: as that directory.
#pragma once

#include <atomic>
#include <chrono>
#include <climits>
#include <memory>
#include <string>
#include <thread>

#include "env/damage.h"
#include "env/env.h"

namespace firn {

struct Faults {
  std::atomic<bool> fail_sync{false};
  std::atomic<bool> fail_write{false};
  std::atomic<bool> damages_write{false};  // the next one: a bit of its first byte arrives as its opposite
  std::atomic<bool> fail_directory_sync{false};
  std::atomic<bool> fail_populate{false};
  std::atomic<int> syncs_before_failure{INT_MAX};
  std::atomic<int> sync_count{0};
  std::atomic<int> sync_us{0};  // how long a sync takes at least
  std::atomic<int> syncs_under_way{0};
  std::atomic<int> syncs_under_way_max{0};
};

class FailingMapping final : public Mapping {
 public:
  FailingMapping(std::unique_ptr<Mapping> mapping, std::shared_ptr<Faults> faults)
      : mapping_(std::move(mapping)), faults_(std::move(faults)) {
    data_ = mapping_->data();
    size_ = mapping_->size();
  }

  Status populate(size_t offset, size_t bytes) override {
    if (faults_->fail_populate) return {Code::kIo, "no pages"};
    return mapping_->populate(offset, bytes);
  }
  void advise_random() override { mapping_->advise_random(); }
  void advise_sequential(size_t offset, size_t bytes) override { mapping_->advise_sequential(offset, bytes); }
  void advise_written() override { mapping_->advise_written(); }

 private:
  const std::unique_ptr<Mapping> mapping_;
  const std::shared_ptr<Faults> faults_;
};

class FailingFile final : public File {
 public:
  FailingFile(std::unique_ptr<File> file, std::shared_ptr<Faults> faults) : file_(std::move(file)), faults_(std::move(faults)) {}

  Status read(uint64_t offset, uint8_t* to, size_t bytes) override { return file_->read(offset, to, bytes); }
  Status write(uint64_t offset, Slice bytes) override {
    if (faults_->fail_write) return {Code::kIo, "write failed", path()};
    if (!faults_->damages_write.exchange(false)) return file_->write(offset, bytes);
    return file_->write(offset, Slice(std::string_view(with_first_bit_flipped(bytes))));
  }
  Status allocate(uint64_t bytes) override { return file_->allocate(bytes); }
  void release_tail(uint64_t from) override { file_->release_tail(from); }
  Status sync() override {
    faults_->sync_count++;
    const int under_way = ++faults_->syncs_under_way;
    if (under_way > faults_->syncs_under_way_max) faults_->syncs_under_way_max = under_way;
    if (faults_->sync_us > 0) std::this_thread::sleep_for(std::chrono::microseconds(faults_->sync_us));
    faults_->syncs_under_way--;
    if (faults_->fail_sync || faults_->syncs_before_failure-- <= 0) return {Code::kIo, "sync failed", path()};
    return file_->sync();
  }
  Result<uint64_t> size() override { return file_->size(); }
  Result<std::unique_ptr<Mapping>> map(size_t bytes, bool writable) override {
    FIRN_TRY_ASSIGN(auto mapping, file_->map(bytes, writable));
    return std::unique_ptr<Mapping>(std::make_unique<FailingMapping>(std::move(mapping), faults_));
  }
  bool stores_in_place() override { return file_->stores_in_place(); }
  const std::string& path() const override { return file_->path(); }

 private:
  const std::unique_ptr<File> file_;
  const std::shared_ptr<Faults> faults_;
};

class FailingDirectory final : public Directory {
 public:
  FailingDirectory(std::unique_ptr<Directory> directory, std::shared_ptr<Faults> faults)
      : directory_(std::move(directory)), faults_(std::move(faults)) {}

  Result<std::unique_ptr<File>> open_file(std::string_view name, OpenMode mode) override {
    FIRN_TRY_ASSIGN(auto file, directory_->open_file(name, mode));
    return std::unique_ptr<File>(std::make_unique<FailingFile>(std::move(file), faults_));
  }
  Result<std::unique_ptr<Directory>> open_directory(std::string_view name, bool create) override {
    return directory_->open_directory(name, create);
  }
  Result<std::vector<std::string>> list() override { return directory_->list(); }
  Status remove(std::string_view name) override { return directory_->remove(name); }
  Status sync() override {
    if (faults_->fail_directory_sync) return {Code::kIo, "sync of the directory failed", path()};
    return directory_->sync();
  }
  Result<std::unique_ptr<FileLock>> lock(std::string_view name) override { return directory_->lock(name); }
  const std::string& path() const override { return directory_->path(); }

 private:
  const std::unique_ptr<Directory> directory_;
  const std::shared_ptr<Faults> faults_;
};

}  // namespace firn
