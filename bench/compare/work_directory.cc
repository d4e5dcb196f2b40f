#include "compare/work_directory.h"

#include <fcntl.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "compare/child.h"

namespace bench {
namespace {

constexpr long kTmpfsMagic = 0x01021994;
constexpr long kRamfsMagic = 0x858458f6;

}  // namespace

WorkDirectory::WorkDirectory(const std::string& parent, const std::string& name) {
  struct statfs info;
  if (::statfs(parent.c_str(), &info) != 0) fail("--dir " + parent + ": " + std::strerror(errno));
  if (info.f_type == kTmpfsMagic || info.f_type == kRamfsMagic)
    fail("--dir " + parent + " is memory, not a disk: choose another directory");
  path_ = parent + "/" + name + ".XXXXXX";
  if (::mkdtemp(path_.data()) == nullptr) fail("--dir " + parent + ": " + std::strerror(errno));
}

WorkDirectory::~WorkDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string WorkDirectory::fresh() const {
  const std::string path = path_ + "/db";
  std::filesystem::remove_all(path);
  std::filesystem::create_directory(path);
  const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY);
  if (directory >= 0) {
    ::syncfs(directory);
    ::close(directory);
  }
  return path;
}

}  // namespace bench
