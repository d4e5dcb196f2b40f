// A directory of a run, removed with everything in it at the end.
#pragma once

#include <string>

namespace bench {

class WorkDirectory {
 public:
  // Below `parent`, which must be on a disk: memory file systems are refused.
  WorkDirectory(const std::string& parent, const std::string& name);
  ~WorkDirectory();
  WorkDirectory(const WorkDirectory&) = delete;
  WorkDirectory& operator=(const WorkDirectory&) = delete;
  // An empty directory, with the disk at rest: what was left dirty before is gone or written.
  std::string fresh() const;

 private:
  std::string path_;
};

}  // namespace bench
