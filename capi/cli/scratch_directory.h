// ScratchDirectory: a directory that is gone with its owner.
#pragma once

#include <string>

namespace firn::cli {

class ScratchDirectory {
 public:
  explicit ScratchDirectory(const char* name);  // in $TMPDIR, else /tmp. Throws Failure
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace firn::cli
