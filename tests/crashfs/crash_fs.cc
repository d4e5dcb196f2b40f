#include "crashfs/crash_fs.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <random>
#include <set>
#include <utility>

#include "crashfs/disk.h"
#include "env/posix_directory.h"

namespace firn {
namespace {

constexpr int64_t kWallStartMs = 1'700'000'000'000;

// A file or a directory. Bytes are shared with the image until they are changed.
struct Node {
  NodeId id = kRootNode;
  std::string path;
  bool is_directory = false;
  std::map<std::string, std::shared_ptr<Node>, std::less<>> children;
  std::set<std::string, std::less<>> locked;
  ContentRef shared;
  std::string own;
  bool is_own = false;
  std::string shadow;  // what is announced of a writable mapping
  std::string synced;  // what the last sync made durable; kept only for Fault::kLostOld
  int writable_maps = 0;
  bool was_mapped_writable = false;
  uint64_t charged_bytes = 0;
  std::shared_ptr<uint64_t> used_bytes;

  ~Node() {
    if (used_bytes != nullptr) *used_bytes -= charged_bytes;
  }
  const std::string& bytes() const { return is_own ? own : shared->bytes; }
  std::string& mutable_bytes() {
    if (!is_own) {
      own = shared->bytes;
      is_own = true;
    }
    return own;
  }
  void charge() {
    const uint64_t now = (bytes().size() + kSectorBytes - 1) / kSectorBytes * kSectorBytes;
    *used_bytes += now - charged_bytes;
    charged_bytes = now;
  }
};
using NodeRef = std::shared_ptr<Node>;

std::string class_of(const std::string& path) {
  const auto has = [&path](const char* part) { return path.find(part) != std::string::npos; };
  if (has("/manifest/")) return "manifest";
  if (has("/wal/")) return "wal";
  if (has("/tables/")) return "table";
  if (has("/segments/")) return "segment";
  if (has("/state-")) return "state";
  if (has("/LOCK")) return "lock";
  return "directory";
}

int errno_of(Fault fault) {
  switch (fault) {
    case Fault::kNoSpace:
    case Fault::kShortNoSpace:
      return ENOSPC;
    case Fault::kNoMemory:
      return ENOMEM;
    case Fault::kAccess:
      return EACCES;
    case Fault::kTooManyFiles:
      return EMFILE;
    default:
      return EIO;
  }
}

}  // namespace

const char* name_of(Call call) {
  constexpr const char* kNames[kCallCount] = {"open_directory", "open_file", "create_file", "list",    "remove",
                                              "sync_directory", "lock",      "read",        "write",   "allocate",
                                              "sync",           "size",      "map",         "populate"};
  return kNames[static_cast<size_t>(call)];
}

const char* name_of(Fault fault) {
  constexpr const char* kNames[kFaultCount] = {"EIO",       "ENOSPC",       "ENOMEM",   "EACCES",   "EMFILE",
                                               "short+EIO", "short+ENOSPC", "lost,new", "lost,old", "EIO,kept"};
  return kNames[static_cast<size_t>(fault)];
}

bool applies(Fault fault, Call call) {
  const bool opens = call == Call::kOpenDirectory || call == Call::kOpenFile || call == Call::kCreateFile || call == Call::kLock;
  switch (fault) {
    case Fault::kIo:
      return true;
    case Fault::kNoSpace:
      return call == Call::kCreateFile || call == Call::kOpenDirectory || call == Call::kLock || call == Call::kWrite ||
             call == Call::kAllocate || call == Call::kRemove;
    case Fault::kNoMemory:
      return opens || call == Call::kMap || call == Call::kPopulate || call == Call::kList;
    case Fault::kAccess:
      return opens || call == Call::kRemove;
    case Fault::kTooManyFiles:
      return opens || call == Call::kList;
    case Fault::kShort:
    case Fault::kShortNoSpace:
      return call == Call::kWrite;
    case Fault::kLostNew:
    case Fault::kLostOld:
    case Fault::kPersisted:
      return call == Call::kSync;
  }
  return false;
}

struct CrashFs::State {
  NodeRef root = std::make_shared<Node>();
  NodeId next_id = 1;
  Trace trace;
  std::mt19937_64 generator;
  int64_t ticks = 0;
  bool stores_in_place = true;
  std::vector<Site> sites;
  std::optional<FaultPlan> plan;
  std::optional<Site> sticky_site;
  bool has_failed = false;
  std::optional<uint64_t> quota_bytes;
  std::shared_ptr<uint64_t> used_bytes = std::make_shared<uint64_t>(0);
  std::set<Node*> mapped;  // with a writable mapping
  std::string violation;

  void violate(const std::string& what) {
    if (violation.empty()) violation = what;
  }
  void check_mappings();
  // Begins a call: gives it its number; the fault that it meets.
  std::optional<Fault> begin(Call call, const std::string& path);
  bool shows_old() const { return plan && plan->fault == Fault::kLostOld; }
  bool has_space(uint64_t more) const { return !quota_bytes || *used_bytes + more <= *quota_bytes; }
  void record(Step step) { trace.push_back(std::move(step)); }
  NodeRef make_node(Node& parent, const std::string& name, bool is_directory);
};

namespace {

using StateRef = std::shared_ptr<CrashFs::State>;

Status error_of(Fault fault, Call call, const std::string& path, uint64_t offset = 0) {
  return Status::from_errno(errno_of(fault), std::string("injected: cannot ") + name_of(call), path, offset);
}

class CrashMapping final : public Mapping, public StoreObserver {
 public:
  CrashMapping(StateRef state, NodeRef node, size_t bytes, bool writable)
      : state_(std::move(state)), node_(std::move(node)), writable_(writable) {
    size_ = bytes;
    if (writable) {
      data_ = reinterpret_cast<uint8_t*>(node_->mutable_bytes().data());
      observer_ = this;
      if (node_->writable_maps++ == 0) {
        node_->shadow = node_->own;
        node_->was_mapped_writable = true;
        state_->mapped.insert(node_.get());
      }
    } else {
      data_ = reinterpret_cast<uint8_t*>(const_cast<char*>(node_->bytes().data()));
      shared_ = node_->shared;  // stays when the node gets bytes of its own
    }
  }
  ~CrashMapping() override {
    if (!writable_) return;
    state_->check_mappings();
    if (--node_->writable_maps == 0) state_->mapped.erase(node_.get());
  }

  Status populate(size_t offset, size_t bytes) override {
    if (const auto fault = state_->begin(Call::kPopulate, node_->path)) return error_of(*fault, Call::kPopulate, node_->path, offset);
    if (!writable_ || offset > size_ || bytes > size_ - offset) {
      state_->violate("populate outside of the mapping of " + node_->path);
    } else if (const auto* const from = data_ + offset; std::any_of(from, from + bytes, [](uint8_t byte) { return byte != 0; })) {
      state_->violate("populate of a range of " + node_->path + " that is not zero: the system writes zeros there");
    }
    return {};
  }
  void advise_random() override {}
  void advise_sequential(size_t, size_t) override {}
  void advise_written() override {}

  void stored(size_t offset, size_t bytes) override {
    if (offset > size_ || bytes > size_ - offset) return state_->violate("a store outside of the mapping of " + node_->path);
    const std::string text(reinterpret_cast<const char*>(data_ + offset), bytes);
    node_->shadow.replace(offset, bytes, text);
    state_->record({StepKind::kWrite, node_->id, kRootNode, offset, {}, text});
  }

 private:
  const StateRef state_;
  const NodeRef node_;
  const bool writable_;
  ContentRef shared_;
};

class CrashFile final : public File {
 public:
  CrashFile(StateRef state, NodeRef node) : state_(std::move(state)), node_(std::move(node)) {}

  Status read(uint64_t offset, uint8_t* to, size_t bytes) override;
  Status write(uint64_t offset, Slice bytes) override;
  Status allocate(uint64_t bytes) override;
  void release_tail(uint64_t from) override;
  Status sync() override;
  Result<uint64_t> size() override;
  Result<std::unique_ptr<Mapping>> map(size_t bytes, bool writable) override;
  bool stores_in_place() override { return state_->stores_in_place; }
  const std::string& path() const override { return node_->path; }

 private:
  Status store(uint64_t offset, Slice bytes);
  bool resize(uint64_t bytes);

  bool has_failed_sync_ = false;
  bool has_failed_write_ = false;

  const StateRef state_;
  const NodeRef node_;
};

Status CrashFile::read(uint64_t offset, uint8_t* to, size_t bytes) {
  if (const auto fault = state_->begin(Call::kRead, path())) return error_of(*fault, Call::kRead, path(), offset);
  const std::string& content = node_->bytes();
  if (offset > content.size() || bytes > content.size() - offset) {
    return Status::corrupt("the file ends before the bytes to be read do", path(), content.size());
  }
  if (bytes > 0) std::memcpy(to, content.data() + offset, bytes);
  return {};
}

// Longer, if the disk has room.
bool CrashFile::resize(uint64_t bytes) {
  if (bytes <= node_->bytes().size()) return true;
  if (!state_->has_space(bytes - node_->bytes().size())) return false;
  if (node_->writable_maps > 0) state_->violate("a mapped file grows: " + path());
  node_->mutable_bytes().resize(bytes, '\0');
  node_->charge();
  return true;
}

Status CrashFile::store(uint64_t offset, Slice bytes) {
  if (bytes.empty()) return {};
  if (!resize(offset + bytes.size())) return Status::from_errno(ENOSPC, "the disk is full", path(), offset);
  std::memcpy(node_->mutable_bytes().data() + offset, bytes.data(), bytes.size());
  state_->record({StepKind::kWrite, node_->id, kRootNode, offset, {}, bytes.to_string()});
  return {};
}

Status CrashFile::write(uint64_t offset, Slice bytes) {
  const auto fault = state_->begin(Call::kWrite, path());
  if (node_->writable_maps > 0) state_->violate("ENV-1: a call writes to a file that is mapped as writable: " + path());
  if (has_failed_write_) state_->violate("a write to a file after one that failed: " + path());
  if (fault) {
    has_failed_write_ = true;
    if (*fault == Fault::kShort || *fault == Fault::kShortNoSpace) FIRN_TRY(store(offset, Slice(bytes.data(), bytes.size() / 2)));
    return error_of(*fault, Call::kWrite, path(), offset);
  }
  Status status = store(offset, bytes);
  if (status.is(Code::kNoSpace)) {
    // What fits is written, as the kernel does it.
    has_failed_write_ = true;
    const uint64_t free = *state_->quota_bytes - std::min(*state_->quota_bytes, *state_->used_bytes);
    const uint64_t end = node_->charged_bytes + free / kSectorBytes * kSectorBytes;
    if (end > offset) (void)store(offset, Slice(bytes.data(), std::min<uint64_t>(end - offset, bytes.size()))).ok();
  }
  return status;
}

Status CrashFile::allocate(uint64_t bytes) {
  if (const auto fault = state_->begin(Call::kAllocate, path())) return error_of(*fault, Call::kAllocate, path(), bytes);
  if (!resize(bytes)) return Status::from_errno(ENOSPC, "the disk is full", path(), bytes);
  state_->record({StepKind::kAllocate, node_->id, kRootNode, bytes, {}, {}});
  return {};
}

void CrashFile::release_tail(uint64_t from) {
  state_->check_mappings();
  const uint64_t start = (from + 4095) / 4096 * 4096;
  if (start >= node_->bytes().size()) return;
  std::string& bytes = node_->mutable_bytes();
  std::memset(bytes.data() + start, 0, bytes.size() - start);
  if (node_->writable_maps > 0) node_->shadow = bytes;
  *state_->used_bytes -= node_->charged_bytes - std::min(node_->charged_bytes, start);
  node_->charged_bytes = std::min(node_->charged_bytes, start);
  state_->record({StepKind::kPunch, node_->id, kRootNode, start, {}, {}});
}

Status CrashFile::sync() {
  const auto fault = state_->begin(Call::kSync, path());
  if (has_failed_sync_) state_->violate("a sync is tried again after one that failed: " + path());
  if (!fault || *fault == Fault::kPersisted) state_->record({StepKind::kSync, node_->id, kRootNode, 0, {}, {}});
  if (!fault) {
    if (state_->shows_old()) node_->synced = node_->bytes();
    return {};
  }
  has_failed_sync_ = true;
  // File systems that show the old bytes are not written to through mappings. They read them from the disk, so no others are there.
  const bool shows_old = *fault == Fault::kLostOld && node_->writable_maps == 0;
  if (*fault != Fault::kPersisted) {
    state_->record({shows_old ? StepKind::kSyncDropped : StepKind::kSyncLost, node_->id, kRootNode, 0, {}, {}});
  }
  if (shows_old) {
    std::string& bytes = node_->mutable_bytes();
    const std::string& old = node_->synced.empty() ? node_->shared->bytes : node_->synced;
    for (size_t i = 0; i < bytes.size(); i++) bytes[i] = i < old.size() ? old[i] : '\0';
  }
  return error_of(*fault, Call::kSync, path());
}

Result<uint64_t> CrashFile::size() {
  if (const auto fault = state_->begin(Call::kSize, path())) return error_of(*fault, Call::kSize, path());
  return uint64_t{node_->bytes().size()};
}

Result<std::unique_ptr<Mapping>> CrashFile::map(size_t bytes, bool writable) {
  if (const auto fault = state_->begin(Call::kMap, path())) return error_of(*fault, Call::kMap, path());
  if (bytes == 0) return Status(Code::kInvalid, "a mapping of no bytes", path());
  if (node_->bytes().size() < bytes)
    return Status::corrupt("the file ends before the bytes to be mapped do", path(), node_->bytes().size());
  return std::unique_ptr<Mapping>(std::make_unique<CrashMapping>(state_, node_, bytes, writable));
}

class CrashLock final : public FileLock {
 public:
  CrashLock(NodeRef directory, std::string name) : directory_(std::move(directory)), name_(std::move(name)) {}
  ~CrashLock() override { directory_->locked.erase(name_); }

 private:
  const NodeRef directory_;
  const std::string name_;
};

class CrashDirectory final : public Directory {
 public:
  CrashDirectory(StateRef state, NodeRef node) : state_(std::move(state)), node_(std::move(node)) {}

  Result<std::unique_ptr<File>> open_file(std::string_view name, OpenMode mode) override;
  Result<std::unique_ptr<Directory>> open_directory(std::string_view name, bool create) override;
  Result<std::vector<std::string>> list() override;
  Status remove(std::string_view name) override;
  Status sync() override;
  Status link(std::string_view name, Directory& to) override;
  Result<std::unique_ptr<FileLock>> lock(std::string_view name) override;
  const std::string& path() const override { return node_->path; }

 private:
  std::string path_of(std::string_view name) const { return node_->path + "/" + std::string(name); }

  const StateRef state_;
  const NodeRef node_;
};

Result<std::unique_ptr<File>> CrashDirectory::open_file(std::string_view name, OpenMode mode) {
  FIRN_TRY(expect_component(name, path()));
  const Call call = mode == OpenMode::kCreate ? Call::kCreateFile : Call::kOpenFile;
  if (const auto fault = state_->begin(call, path_of(name))) return error_of(*fault, call, path_of(name));
  const auto found = node_->children.find(name);
  NodeRef node;
  if (mode == OpenMode::kCreate) {
    if (found != node_->children.end()) return Status(Code::kExists, "the name is taken", path_of(name));
    if (!state_->has_space(kSectorBytes)) return Status::from_errno(ENOSPC, "the disk is full", path_of(name));
    node = state_->make_node(*node_, std::string(name), false);
    state_->record({StepKind::kCreate, node_->id, node->id, 0, std::string(name), {}});
  } else {
    if (found == node_->children.end()) return Status(Code::kNotFound, "no such file", path_of(name));
    if (found->second->is_directory) return Status(Code::kNotADatabase, "a directory where a file should be", path_of(name));
    node = found->second;
  }
  return std::unique_ptr<File>(std::make_unique<CrashFile>(state_, std::move(node)));
}

Result<std::unique_ptr<Directory>> CrashDirectory::open_directory(std::string_view name, bool create) {
  FIRN_TRY(expect_component(name, path()));
  if (const auto fault = state_->begin(Call::kOpenDirectory, path_of(name))) return error_of(*fault, Call::kOpenDirectory, path_of(name));
  const auto found = node_->children.find(name);
  if (found != node_->children.end()) {
    if (!found->second->is_directory) return Status(Code::kNotADatabase, "not a directory", path_of(name));
    return std::unique_ptr<Directory>(std::make_unique<CrashDirectory>(state_, found->second));
  }
  if (!create) return Status(Code::kNotFound, "no such directory", path_of(name));
  if (!state_->has_space(kSectorBytes)) return Status::from_errno(ENOSPC, "the disk is full", path_of(name));
  const NodeRef made = state_->make_node(*node_, std::string(name), true);
  state_->record({StepKind::kMakeDirectory, node_->id, made->id, 0, std::string(name), {}});
  return std::unique_ptr<Directory>(std::make_unique<CrashDirectory>(state_, made));
}

Result<std::vector<std::string>> CrashDirectory::list() {
  if (const auto fault = state_->begin(Call::kList, path())) return error_of(*fault, Call::kList, path());
  std::vector<std::string> names;
  for (const auto& [name, child] : node_->children) names.push_back(name);
  return names;
}

Status CrashDirectory::remove(std::string_view name) {
  FIRN_TRY(expect_component(name, path()));
  if (const auto fault = state_->begin(Call::kRemove, path_of(name))) return error_of(*fault, Call::kRemove, path_of(name));
  const auto found = node_->children.find(name);
  if (found == node_->children.end()) return Status(Code::kNotFound, "no such name", path_of(name));
  if (!found->second->children.empty()) return Status(Code::kIo, "the directory is not empty", path_of(name), 0, ENOTEMPTY);
  state_->record({StepKind::kRemove, node_->id, found->second->id, 0, std::string(name), {}});
  node_->children.erase(found);
  return {};
}

Status CrashDirectory::sync() {
  if (const auto fault = state_->begin(Call::kSyncDirectory, path())) return error_of(*fault, Call::kSyncDirectory, path());
  state_->record({StepKind::kSyncDirectory, node_->id, kRootNode, 0, {}, {}});
  return {};
}

Status CrashDirectory::link(std::string_view name, Directory& to) {
  FIRN_TRY(expect_component(name, path()));
  auto* const other = dynamic_cast<CrashDirectory*>(&to);
  if (other == nullptr || other->state_ != state_) return Code::kUnsupported;
  if (const auto fault = state_->begin(Call::kCreateFile, other->path_of(name)))
    return error_of(*fault, Call::kCreateFile, other->path_of(name));
  const auto found = node_->children.find(name);
  if (found == node_->children.end()) return Status(Code::kNotFound, "no such file", path_of(name));
  if (!other->node_->children.emplace(name, found->second).second) return Status(Code::kExists, "the name is taken", other->path_of(name));
  state_->record({StepKind::kLink, other->node_->id, found->second->id, 0, std::string(name), {}});
  return {};
}

Result<std::unique_ptr<FileLock>> CrashDirectory::lock(std::string_view name) {
  FIRN_TRY(expect_component(name, path()));
  if (const auto fault = state_->begin(Call::kLock, path_of(name))) return error_of(*fault, Call::kLock, path_of(name));
  if (!node_->children.contains(name)) {
    if (!state_->has_space(kSectorBytes)) return Status::from_errno(ENOSPC, "the disk is full", path_of(name));
    const NodeRef made = state_->make_node(*node_, std::string(name), false);
    state_->record({StepKind::kCreate, node_->id, made->id, 0, std::string(name), {}});
  }
  if (!node_->locked.emplace(name).second) return Status(Code::kLocked, "held by this process", path_of(name));
  return std::unique_ptr<FileLock>(std::make_unique<CrashLock>(node_, std::string(name)));
}

// The nodes below, as image.
void collect(const Node& node, DiskImage* image) {
  for (const auto& [name, child] : node.children) {
    if (child->is_directory) {
      image->directories.insert(child->path);
      collect(*child, image);
    } else {
      image->files.emplace(child->path, child->is_own ? std::make_shared<const Content>(child->own) : child->shared);
    }
  }
}

}  // namespace

void CrashFs::State::check_mappings() {
  for (const Node* node : mapped) {
    if (node->own == node->shadow) continue;
    const auto at = std::mismatch(node->own.begin(), node->own.end(), node->shadow.begin()).first - node->own.begin();
    violate("ENV-2: a store that was not announced: " + node->path + " at " + std::to_string(at));
  }
}

std::optional<Fault> CrashFs::State::begin(Call call, const std::string& path) {
  check_mappings();
  const uint64_t number = sites.size();
  sites.push_back({call, class_of(path)});
  if (!plan) return std::nullopt;
  const bool is_due = number == plan->call && applies(plan->fault, call);
  if (is_due) {
    has_failed = true;
    if (plan->is_sticky) sticky_site = sites.back();
    return plan->fault;
  }
  if (sticky_site && *sticky_site == sites.back()) return plan->fault;
  return std::nullopt;
}

NodeRef CrashFs::State::make_node(Node& parent, const std::string& name, bool is_directory) {
  static const auto kNothing = std::make_shared<const Content>(std::string());
  auto node = std::make_shared<Node>();
  node->id = next_id++;
  node->path = parent.path + "/" + name;
  node->is_directory = is_directory;
  node->shared = kNothing;
  node->used_bytes = used_bytes;
  parent.children[name] = node;
  return node;
}

CrashFs::CrashFs(const DiskImage& image, uint64_t seed) : state_(std::make_shared<State>()) {
  state_->generator.seed(seed * 0x9e3779b97f4a7c15ull + 1);
  state_->root->is_directory = true;
  const auto numbers = number_nodes(image);
  std::map<std::string, NodeRef> nodes{{"", state_->root}};
  for (const auto& [path, number] : numbers) {
    if (path.empty()) continue;
    const size_t slash = path.rfind('/');
    const auto file = image.files.find(path);
    const NodeRef node = state_->make_node(*nodes.at(path.substr(0, slash)), path.substr(slash + 1), file == image.files.end());
    node->id = number;
    if (file != image.files.end()) {
      node->shared = file->second;
      node->charge();
    }
    nodes[path] = node;
  }
  state_->next_id = static_cast<NodeId>(numbers.size());
}

CrashFs::~CrashFs() = default;

Result<std::unique_ptr<Directory>> CrashFs::open_directory(const std::string& path, bool create) {
  if (const auto fault = state_->begin(Call::kOpenDirectory, path)) return error_of(*fault, Call::kOpenDirectory, path);
  NodeRef node = state_->root;
  size_t at = 0;
  while (at < path.size()) {
    const size_t end = std::min(path.find('/', at + 1), path.size());
    const std::string name = path.substr(at + 1, end - at - 1);
    auto found = node->children.find(name);
    if (found == node->children.end()) {
      if (!create || end != path.size()) return Status(Code::kNotFound, "no such directory", path);
      if (!state_->has_space(kSectorBytes)) return Status::from_errno(ENOSPC, "the disk is full", path);
      const NodeRef made = state_->make_node(*node, name, true);
      state_->record({StepKind::kMakeDirectory, node->id, made->id, 0, name, {}});
      state_->record({StepKind::kSyncDirectory, node->id, kRootNode, 0, {}, {}});
      found = node->children.find(name);
    }
    if (!found->second->is_directory) return Status(Code::kNotADatabase, "not a directory", path);
    node = found->second;
    at = end;
  }
  return std::unique_ptr<Directory>(std::make_unique<CrashDirectory>(state_, std::move(node)));
}

int64_t CrashFs::wall_ms() { return kWallStartMs + state_->ticks / 1000; }
void CrashFs::advance(int64_t ms) { state_->ticks += ms * 1000; }
int64_t CrashFs::monotonic_ns() { return ++state_->ticks * 1000; }
uint64_t CrashFs::random() { return state_->generator(); }
void CrashFs::set_stores_in_place(bool can) { state_->stores_in_place = can; }
const Trace& CrashFs::trace() const { return state_->trace; }
uint64_t CrashFs::calls() const { return state_->sites.size(); }
const std::vector<Site>& CrashFs::sites() const { return state_->sites; }
void CrashFs::plan(const FaultPlan& plan) { state_->plan = plan; }
void CrashFs::heal() {
  state_->plan.reset();
  state_->sticky_site.reset();
}
bool CrashFs::has_failed() const { return state_->has_failed; }
void CrashFs::set_quota(std::optional<uint64_t> bytes) { state_->quota_bytes = bytes; }
uint64_t CrashFs::used_bytes() const { return *state_->used_bytes; }
const std::string& CrashFs::violation() const {
  state_->check_mappings();
  return state_->violation;
}

void CrashFs::spoil(const std::string& path, uint64_t offset, uint8_t mask) {
  NodeRef node = state_->root;
  for (size_t at = 0; at < path.size();) {
    const size_t end = std::min(path.find('/', at + 1), path.size());
    node = node->children.at(path.substr(at + 1, end - at - 1));
    at = end;
  }
  char& byte = node->mutable_bytes().at(offset);
  byte = static_cast<char>(static_cast<uint8_t>(byte) ^ mask);
  if (node->writable_maps > 0) node->shadow = node->own;
}

DiskImage CrashFs::live() const {
  DiskImage image;
  collect(*state_->root, &image);
  return image;
}

}  // namespace firn
