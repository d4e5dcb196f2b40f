// HookedEnv: the real file system, with a call before each look into it: what another process does in that moment, a test does there.
// Threading: as the call.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "env/env.h"
#include "env/posix_env.h"

namespace firn {

// Before a directory is listed, or a file of it is opened (then with the file's name).
using Hook = std::function<void(const std::string& directory, std::string_view name)>;

class HookedDirectory final : public Directory {
 public:
  HookedDirectory(std::unique_ptr<Directory> directory, const Hook& hook) : directory_(std::move(directory)), hook_(hook) {}
  Result<std::unique_ptr<File>> open_file(std::string_view name, OpenMode mode) override {
    hook_(path(), name);
    return directory_->open_file(name, mode);
  }
  Result<std::unique_ptr<Directory>> open_directory(std::string_view name, bool create) override {
    FIRN_TRY_ASSIGN(auto below, directory_->open_directory(name, create));
    return std::unique_ptr<Directory>(std::make_unique<HookedDirectory>(std::move(below), hook_));
  }
  Result<std::vector<std::string>> list() override {
    hook_(path(), {});
    return directory_->list();
  }
  Status remove(std::string_view name) override { return directory_->remove(name); }
  Status sync() override { return directory_->sync(); }
  Status link(std::string_view name, Directory& to) override { return directory_->link(name, to); }
  Result<std::unique_ptr<FileLock>> lock(std::string_view name) override { return directory_->lock(name); }
  const std::string& path() const override { return directory_->path(); }

 private:
  const std::unique_ptr<Directory> directory_;
  const Hook& hook_;
};

class HookedEnv final : public Env {
 public:
  explicit HookedEnv(Hook hook) : hook_(std::move(hook)) {}
  Result<std::unique_ptr<Directory>> open_directory(const std::string& path, bool create) override {
    FIRN_TRY_ASSIGN(auto directory, posix_env().open_directory(path, create));
    return std::unique_ptr<Directory>(std::make_unique<HookedDirectory>(std::move(directory), hook_));
  }
  int64_t wall_ms() override { return posix_env().wall_ms(); }
  int64_t monotonic_ns() override { return posix_env().monotonic_ns(); }
  uint64_t random() override { return posix_env().random(); }

 private:
  const Hook hook_;
};

}  // namespace firn
