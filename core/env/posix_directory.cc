#include "env/posix_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "env/posix_file.h"
#include "env/posix_lock.h"

namespace firn {
namespace {

struct CloseStream {
  void operator()(DIR* stream) const { ::closedir(stream); }
};

Opened open_for_reading(int parent, const char* name, int flags) { return open_at(parent, name, flags | O_RDONLY | O_DIRECTORY); }

// Gives the owner the rights on a directory just made that a umask may have taken away.
int grant_to_owner(int parent, const char* name) {
  struct stat status = {};
  if (::fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return errno;
  if ((status.st_mode & kDirectoryMode) == kDirectoryMode) return 0;
  return ::fchmodat(parent, name, kDirectoryMode, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
}

}  // namespace

Status expect_component(std::string_view name, const std::string& directory_path) {
  const bool is_component =
      !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
  return is_component ? Status() : Status(Code::kInvalid, "not the name of a file", directory_path);
}

Result<Descriptor> open_directory_at(int parent, const char* name, int flags, bool create, const std::string& path) {
  Opened opened = open_for_reading(parent, name, flags);
  if (opened.os_errno == ENOENT && create) {
    if (::mkdirat(parent, name, kDirectoryMode) == 0) {
      const int os_errno = grant_to_owner(parent, name);
      if (os_errno != 0) return Status::from_errno(os_errno, "cannot set the mode", path);
    } else if (errno != EEXIST) {  // made by someone else meanwhile: as good
      return Status::from_errno(errno, "cannot create the directory", path);
    }
    opened = open_for_reading(parent, name, flags);
  }
  if (!opened.descriptor.valid()) return open_failed(opened.os_errno, path);
  return std::move(opened.descriptor);
}

Result<std::unique_ptr<File>> PosixDirectory::open_file(std::string_view name, OpenMode mode) {
  FIRN_TRY(expect_component(name, path_));
  const std::string file_name(name);
  std::string file_path = path_of(file_name);
  // O_NONBLOCK only keeps a pipe that lies in the way from blocking; regular files ignore it.
  const int flags = (mode == OpenMode::kRead ? O_RDONLY : O_RDWR) | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  Opened opened =
      mode == OpenMode::kCreate ? create_file_at(descriptor_.fd(), file_name.c_str()) : open_at(descriptor_.fd(), file_name.c_str(), flags);
  if (!opened.descriptor.valid()) return open_failed(opened.os_errno, file_path);
  FIRN_TRY(expect_regular_file(opened.descriptor.fd(), file_path));
  return std::unique_ptr<File>(
      std::make_unique<PosixFile>(std::make_shared<const Descriptor>(std::move(opened.descriptor)), std::move(file_path)));
}

Result<std::unique_ptr<Directory>> PosixDirectory::open_directory(std::string_view name, bool create) {
  FIRN_TRY(expect_component(name, path_));
  const std::string directory_name(name);
  std::string directory_path = path_of(directory_name);
  FIRN_TRY_ASSIGN(Descriptor descriptor, open_directory_at(descriptor_.fd(), directory_name.c_str(), O_NOFOLLOW, create, directory_path));
  return std::unique_ptr<Directory>(std::make_unique<PosixDirectory>(std::move(descriptor), std::move(directory_path)));
}

Result<std::vector<std::string>> PosixDirectory::list() {
  // A description of its own: a copy of ours would share the position with every other listing.
  Opened opened = open_for_reading(descriptor_.fd(), ".", 0);
  if (!opened.descriptor.valid()) return open_failed(opened.os_errno, path_);
  const std::unique_ptr<DIR, CloseStream> stream(::fdopendir(opened.descriptor.fd()));
  if (stream == nullptr) return Status::from_errno(errno, "cannot list", path_);
  opened.descriptor.release();  // the stream's now

  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) {
      if (errno != 0) return Status::from_errno(errno, "cannot list", path_);
      break;
    }
    const std::string_view name(entry->d_name);
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Status PosixDirectory::remove(std::string_view name) {
  FIRN_TRY(expect_component(name, path_));
  // Without an allocation: destructors remove what they leave behind, also when memory has run out.
  char file_name[256];
  if (name.size() >= sizeof file_name) return Status::from_errno(ENAMETOOLONG, "cannot remove", path_);
  *std::copy(name.begin(), name.end(), file_name) = '\0';
  if (::unlinkat(descriptor_.fd(), file_name, 0) == 0) return {};
  if (errno == EISDIR && ::unlinkat(descriptor_.fd(), file_name, AT_REMOVEDIR) == 0) return {};
  const int os_errno = errno;
  char file_path[512];
  std::snprintf(file_path, sizeof file_path, "%s/%s", path_.c_str(), file_name);
  return Status::from_errno(os_errno, "cannot remove", file_path);
}

Status PosixDirectory::sync() {
  if (::fsync(descriptor_.fd()) != 0) return Status::from_errno(errno, "cannot sync the directory", path_);
  return {};
}

Status PosixDirectory::link(std::string_view name, Directory& to) {
  FIRN_TRY(expect_component(name, path_));
  const auto* const other = dynamic_cast<PosixDirectory*>(&to);
  if (other == nullptr) return Code::kUnsupported;
  const std::string file_name(name);
  if (::linkat(descriptor_.fd(), file_name.c_str(), other->descriptor_.fd(), file_name.c_str(), 0) == 0) return {};
  switch (errno) {
    case EXDEV:   // another file system
    case EPERM:   // one without links, or the system's rules about files of others
    case EMLINK:  // too many of them
    case EOPNOTSUPP:
      return Code::kUnsupported;
    case EEXIST:
      return {Code::kExists, "the name is taken", other->path_of(file_name)};
    default:
      return Status::from_errno(errno, "cannot link", path_of(file_name));
  }
}

Status PosixDirectory::sync_parent() {
  const Opened parent = open_for_reading(descriptor_.fd(), "..", 0);
  if (parent.os_errno == EACCES) {
    // A directory where others may make names but not read them cannot be synced by itself: sync the file system that it lies in.
    if (::syncfs(descriptor_.fd()) != 0) return Status::from_errno(errno, "cannot sync the file system", path_);
    return {};
  }
  if (!parent.descriptor.valid()) return Status::from_errno(parent.os_errno, "cannot open the parent directory", path_);
  if (::fsync(parent.descriptor.fd()) != 0) return Status::from_errno(errno, "cannot sync the parent directory", path_);
  return {};
}

Result<std::unique_ptr<FileLock>> PosixDirectory::lock(std::string_view name) {
  FIRN_TRY(expect_component(name, path_));
  const std::string file_name(name);
  return acquire_file_lock(descriptor_.fd(), file_name, path_of(file_name));
}

}  // namespace firn
