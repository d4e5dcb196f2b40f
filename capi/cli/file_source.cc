// Regular files under directories: key = path as it was given and walked, value = content. Symbolic links below the directories are not
// followed. What cannot be read is noted on standard error, counted, and left out.
#include <fcntl.h>
#include <fts.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "entry_source.h"
#include "failure.h"
#include "interrupt.h"

namespace firn::cli {
namespace {

// Content is read up to here and one byte more, so that firn_put can answer FIRN_TOO_LARGE and memory stays bounded.
constexpr size_t kValueBytesMax = size_t{1} << 30;

struct FtsCloser {
  void operator()(FTS* walk) const { ::fts_close(walk); }
};

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

class FileSource : public EntrySource {
 public:
  explicit FileSource(const std::vector<std::string>& directories) {
    std::vector<std::string> roots = directories;
    std::vector<char*> arguments;
    for (std::string& root : roots) arguments.push_back(root.data());
    arguments.push_back(nullptr);
    const std::unique_ptr<FTS, FtsCloser> walk(::fts_open(arguments.data(), FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, nullptr));
    if (!walk) throw system_failure("cannot walk", directories.front(), errno);
    for (errno = 0; const FTSENT* node = ::fts_read(walk.get()); errno = 0) visit(*node);
    if (errno != 0) throw system_failure("cannot walk", directories.front(), errno);
  }

  bool next(Entry& entry) override {
    while (index_ < files_.size() && !is_interrupted()) {
      const File& file = files_[index_++];
      input_bytes_ += file.content_bytes;
      if (const int os_errno = read_content(file.path.c_str()); os_errno != 0) {
        skip(file.path, os_errno);
        continue;
      }
      entry = {file.path, std::string_view(content_).substr(0, content_bytes_)};
      return true;
    }
    return false;
  }
  uint64_t input_bytes() const override { return input_bytes_; }
  uint64_t input_bytes_total() const override { return input_bytes_total_; }
  uint64_t skipped_count() const override { return skipped_count_; }

 private:
  struct File {
    std::string path;
    uint64_t content_bytes;
  };

  void visit(const FTSENT& node) {
    switch (node.fts_info) {
      case FTS_F: {
        const auto content_bytes = static_cast<uint64_t>(node.fts_statp->st_size);
        files_.push_back({node.fts_path, content_bytes});
        input_bytes_total_ += content_bytes;
        break;
      }
      case FTS_NS:
      case FTS_DNR:
      case FTS_ERR:
        if (node.fts_level == FTS_ROOTLEVEL) throw system_failure("cannot read", node.fts_path, node.fts_errno);
        skip(node.fts_path, node.fts_errno);
        break;
      default:
        break;
    }
  }

  void skip(const std::string& path, int os_errno) {
    ++skipped_count_;
    print_note("left out: " + path + ": " + std::strerror(os_errno));
  }

  // 0, or errno. The content is the first content_bytes_ of content_, which only grows.
  int read_content(const char* path) {
    const FileDescriptor file(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return errno;
    if (!S_ISREG(status.st_mode)) return EINVAL;  // replaced since the walk
    content_bytes_ = 0;
    size_t wanted = static_cast<size_t>(status.st_size) + 1;
    for (;;) {
      if (content_.size() < wanted) content_.resize(wanted < kValueBytesMax + 1 ? wanted : kValueBytesMax + 1);
      const ssize_t got = ::read(file.get(), content_.data() + content_bytes_, content_.size() - content_bytes_);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno;
      content_bytes_ += static_cast<size_t>(got);
      if (got == 0 || content_bytes_ > kValueBytesMax) return 0;
      wanted = content_bytes_ + (size_t{64} << 10);
    }
  }

  std::vector<File> files_;
  size_t index_ = 0;
  uint64_t input_bytes_ = 0;
  uint64_t input_bytes_total_ = 0;
  uint64_t skipped_count_ = 0;
  std::string content_;
  size_t content_bytes_ = 0;
};

}  // namespace

std::unique_ptr<EntrySource> open_file_source(const std::vector<std::string>& directories) {
  return std::make_unique<FileSource>(directories);
}

}  // namespace firn::cli
