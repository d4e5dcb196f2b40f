// A directory on disk by its descriptor: renaming or replacing its path does not change which files are opened, and no symbolic link in
// it is followed. Names are single components; anything else is kInvalid.
// Threading: any thread may call any method at any time.
#pragma once

#include <memory>
#include <string>

#include "env/descriptor.h"
#include "env/env.h"

namespace firn {

// kInvalid unless `name` is one component of a path, other than "." and "..".
Status expect_component(std::string_view name, const std::string& directory_path);

// Opens the directory `name` below `parent` (AT_FDCWD: of the process), creating it when missing and asked for. `flags` O_NOFOLLOW: not
// by a symbolic link. The new name is not durable yet.
Result<Descriptor> open_directory_at(int parent, const char* name, int flags, bool create, const std::string& path);

class PosixDirectory final : public Directory {
 public:
  PosixDirectory(Descriptor descriptor, std::string path) : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  Result<std::unique_ptr<File>> open_file(std::string_view name, OpenMode mode) override;
  Result<std::unique_ptr<Directory>> open_directory(std::string_view name, bool create) override;
  Result<std::vector<std::string>> list() override;
  Status remove(std::string_view name) override;
  Status sync() override;
  Status link(std::string_view name, Directory& to) override;
  Result<std::unique_ptr<FileLock>> lock(std::string_view name) override;
  const std::string& path() const override { return path_; }

  // Makes the name of this directory durable in the one above it.
  Status sync_parent();

 private:
  std::string path_of(const std::string& name) const { return path_ + "/" + name; }

  const Descriptor descriptor_;
  const std::string path_;
};

}  // namespace firn
