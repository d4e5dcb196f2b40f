#include "env/memory_env.h"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "env/memory_file.h"
#include "env/posix_directory.h"
#include "env/posix_env.h"

namespace firn {
namespace {

// A name in a directory: a file or a directory, never both.
struct Node {
  std::shared_ptr<MemoryFileContent> file;
  std::map<std::string, std::shared_ptr<Node>, std::less<>> children;
  std::set<std::string, std::less<>> locked;  // names in this directory
  bool removed = false;

  bool is_directory() const { return file == nullptr; }
};

// All nodes of one Env, under one mutex. Nobody keeps more than a pointer to a node without it.
struct Tree {
  std::mutex mutex;
  const std::shared_ptr<Node> root = std::make_shared<Node>();
};

// The directory `name` below `parent`, made when missing and asked for. With the tree's mutex held.
Result<std::shared_ptr<Node>> directory_in(Node& parent, std::string_view name, bool create, const std::string& path) {
  const auto found = parent.children.find(name);
  if (found != parent.children.end()) {
    if (!found->second->is_directory()) return Status(Code::kNotADatabase, "not a directory", path);
    return found->second;
  }
  if (!create || parent.removed) return Status(Code::kNotFound, "no such directory", path);
  auto made = std::make_shared<Node>();
  parent.children.emplace(name, made);
  return made;
}

class MemoryFileLock final : public FileLock {
 public:
  MemoryFileLock(std::shared_ptr<Tree> tree, std::shared_ptr<Node> node, std::string name)
      : tree_(std::move(tree)), node_(std::move(node)), name_(std::move(name)) {}
  ~MemoryFileLock() override {
    const std::lock_guard guard(tree_->mutex);
    node_->locked.erase(name_);
  }

 private:
  const std::shared_ptr<Tree> tree_;
  const std::shared_ptr<Node> node_;
  const std::string name_;
};

class MemoryDirectory final : public Directory {
 public:
  MemoryDirectory(std::shared_ptr<Tree> tree, std::shared_ptr<Node> node, std::string path)
      : tree_(std::move(tree)), node_(std::move(node)), path_(std::move(path)) {}

  Result<std::unique_ptr<File>> open_file(std::string_view name, OpenMode mode) override;
  Result<std::unique_ptr<Directory>> open_directory(std::string_view name, bool create) override;
  Result<std::vector<std::string>> list() override;
  Status remove(std::string_view name) override;
  Status sync() override { return {}; }
  Result<std::unique_ptr<FileLock>> lock(std::string_view name) override;
  const std::string& path() const override { return path_; }

 private:
  std::string path_of(std::string_view name) const { return path_ + "/" + std::string(name); }
  // The file `name`. With the tree's mutex held.
  Result<std::shared_ptr<Node>> find_file(std::string_view name);
  Result<std::shared_ptr<Node>> create_file(std::string_view name);

  const std::shared_ptr<Tree> tree_;
  const std::shared_ptr<Node> node_;
  const std::string path_;
};

Result<std::shared_ptr<Node>> MemoryDirectory::find_file(std::string_view name) {
  const auto found = node_->children.find(name);
  if (found == node_->children.end()) return Status(Code::kNotFound, "no such file", path_of(name));
  if (found->second->is_directory()) return Status(Code::kNotADatabase, "a directory where a file should be", path_of(name));
  return found->second;
}

Result<std::shared_ptr<Node>> MemoryDirectory::create_file(std::string_view name) {
  if (node_->removed) return Status(Code::kNotFound, "the directory was removed", path_of(name));
  if (node_->children.contains(name)) return Status(Code::kExists, "the name is taken", path_of(name));
  auto made = std::make_shared<Node>();
  made->file = std::make_shared<MemoryFileContent>();
  node_->children.emplace(name, made);
  return made;
}

Result<std::unique_ptr<File>> MemoryDirectory::open_file(std::string_view name, OpenMode mode) {
  FIRN_TRY(expect_component(name, path_));
  const std::lock_guard guard(tree_->mutex);
  FIRN_TRY_ASSIGN(const std::shared_ptr<Node> node, mode == OpenMode::kCreate ? create_file(name) : find_file(name));
  return std::unique_ptr<File>(std::make_unique<MemoryFile>(node->file, path_of(name)));
}

Result<std::unique_ptr<Directory>> MemoryDirectory::open_directory(std::string_view name, bool create) {
  FIRN_TRY(expect_component(name, path_));
  const std::lock_guard guard(tree_->mutex);
  FIRN_TRY_ASSIGN(std::shared_ptr<Node> node, directory_in(*node_, name, create, path_of(name)));
  return std::unique_ptr<Directory>(std::make_unique<MemoryDirectory>(tree_, std::move(node), path_of(name)));
}

Result<std::vector<std::string>> MemoryDirectory::list() {
  const std::lock_guard guard(tree_->mutex);
  std::vector<std::string> names;
  names.reserve(node_->children.size());
  for (const auto& [name, child] : node_->children) names.push_back(name);
  return names;
}

Status MemoryDirectory::remove(std::string_view name) {
  FIRN_TRY(expect_component(name, path_));
  const std::lock_guard guard(tree_->mutex);
  const auto found = node_->children.find(name);
  if (found == node_->children.end()) return Status(Code::kNotFound, "no such name", path_of(name));
  if (!found->second->children.empty()) return Status(Code::kIo, "the directory is not empty", path_of(name), 0, ENOTEMPTY);
  found->second->removed = true;
  node_->children.erase(found);
  return {};
}

Result<std::unique_ptr<FileLock>> MemoryDirectory::lock(std::string_view name) {
  FIRN_TRY(expect_component(name, path_));
  std::unique_ptr<FileLock> lock;
  const std::lock_guard guard(tree_->mutex);
  auto node = find_file(name);
  if (!node.ok() && node.status().is(Code::kNotFound)) node = create_file(name);
  if (!node.ok()) return node.status();
  if (node_->locked.contains(name)) return Status(Code::kLocked, "held by this process", path_of(name));
  lock = std::make_unique<MemoryFileLock>(tree_, node_, std::string(name));
  node_->locked.emplace(name);
  return lock;
}

class MemoryEnv final : public Env {
 public:
  Result<std::unique_ptr<Directory>> open_directory(const std::string& path, bool create) override;
  int64_t wall_ms() override { return posix_env().wall_ms(); }
  int64_t monotonic_ns() override { return posix_env().monotonic_ns(); }
  uint64_t random() override { return posix_env().random(); }

 private:
  const std::shared_ptr<Tree> tree_ = std::make_shared<Tree>();
};

Result<std::unique_ptr<Directory>> MemoryEnv::open_directory(const std::string& path, bool create) {
  const std::lock_guard guard(tree_->mutex);
  std::shared_ptr<Node> node = tree_->root;
  std::string_view rest(path);
  for (;;) {
    rest.remove_prefix(std::min(rest.find_first_not_of('/'), rest.size()));
    if (rest.empty()) break;
    const std::string_view name = rest.substr(0, rest.find('/'));
    rest.remove_prefix(name.size());
    FIRN_TRY(expect_component(name, path));
    const bool is_last = rest.find_first_not_of('/') == std::string_view::npos;
    FIRN_TRY_ASSIGN(node, directory_in(*node, name, create && is_last, path));
  }
  return std::unique_ptr<Directory>(std::make_unique<MemoryDirectory>(tree_, std::move(node), path));
}

}  // namespace

std::unique_ptr<Env> new_memory_env() { return std::make_unique<MemoryEnv>(); }

}  // namespace firn
