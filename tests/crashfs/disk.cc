#include "crashfs/disk.h"

#include <algorithm>
#include <random>

namespace firn {
namespace {

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }
std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// The part of a write that lies in a sector: into `to`, which begins at the sector's start in a file that is `length` long.
void copy_clipped(const std::string& bytes, uint64_t offset, uint64_t sector, uint64_t length, std::string* file) {
  const uint64_t begin = std::max(offset, sector * kSectorBytes);
  const uint64_t end = std::min({offset + bytes.size(), (sector + 1) * kSectorBytes, length});
  if (begin < end) std::copy_n(bytes.data() + (begin - offset), end - begin, file->data() + begin);
}

}  // namespace

std::map<std::string, NodeId> number_nodes(const DiskImage& image) {
  std::map<std::string, NodeId> numbers{{"", kRootNode}};
  for (const std::string& path : image.directories) numbers.emplace(path, 0);
  for (const auto& [path, content] : image.files) numbers.emplace(path, 0);
  NodeId next = kRootNode;
  for (auto& [path, number] : numbers) number = next++;
  return numbers;
}

Disk::Disk(const DiskImage& image) {
  const auto numbers = number_nodes(image);
  directories_[kRootNode];
  for (const auto& [path, number] : numbers) {
    if (path.empty()) continue;
    const auto file = image.files.find(path);
    if (file == image.files.end())
      directories_[number];
    else
      files_[number].durable = file->second;
    directories_[numbers.at(parent_of(path))].durable[name_of(path)] = number;
  }
}

void Disk::apply(const Step& step) {
  switch (step.kind) {
    case StepKind::kCreate:
      files_[step.child].durable = nothing_;
      directories_.at(step.node).entries.push_back({step.name, step.child});
      break;
    case StepKind::kLink:
      directories_.at(step.node).entries.push_back({step.name, step.child});
      break;
    case StepKind::kMakeDirectory:
      directories_[step.child];
      directories_.at(step.node).entries.push_back({step.name, step.child});
      break;
    case StepKind::kRemove:
      directories_.at(step.node).entries.push_back({step.name, kRootNode});
      break;
    case StepKind::kWrite:
      write(files_.at(step.node), step.offset, step.bytes);
      break;
    case StepKind::kAllocate: {
      File& file = files_.at(step.node);
      if (step.offset > file.length()) file.lengths.push_back(step.offset);
      break;
    }
    case StepKind::kPunch: {
      File& file = files_.at(step.node);
      if (step.offset < file.length()) write(file, step.offset, std::string(file.length() - step.offset, '\0'));
      break;
    }
    case StepKind::kSync:
      settle(files_.at(step.node), false);
      break;
    case StepKind::kSyncLost:
      settle(files_.at(step.node), true);
      break;
    case StepKind::kSyncDropped: {
      File& file = files_.at(step.node);
      file.writes.clear();
      file.sectors.clear();
      break;
    }
    case StepKind::kSyncDirectory: {
      Directory& directory = directories_.at(step.node);
      for (const Entry& entry : directory.entries) {
        if (entry.child == kRootNode)
          directory.durable.erase(entry.name);
        else
          directory.durable[entry.name] = entry.child;
      }
      directory.entries.clear();
      break;
    }
  }
}

void Disk::write(File& file, uint64_t offset, std::string bytes) {
  if (bytes.empty()) return;
  const uint64_t end = offset + bytes.size();
  if (end > file.length()) file.lengths.push_back(end);
  for (uint64_t sector = offset / kSectorBytes; sector * kSectorBytes < end; sector++) file.sectors[sector].push_back(file.writes.size());
  file.writes.push_back({offset, std::move(bytes)});
}

// A sync that succeeds makes durable what no earlier one has lost; one that fails loses the rest.
void Disk::settle(File& file, bool is_lost) {
  if (is_lost) {
    for (Write& write : file.writes) write.is_lost = true;
    return;
  }
  std::string bytes = file.durable->bytes;
  bytes.resize(file.length(), '\0');
  std::vector<Write> left;
  for (Write& write : file.writes) {
    if (write.is_lost)
      left.push_back(std::move(write));
    else
      std::copy(write.bytes.begin(), write.bytes.end(), bytes.begin() + static_cast<ptrdiff_t>(write.offset));
  }
  file.durable = std::make_shared<const Content>(std::move(bytes));
  file.lengths.clear();
  file.writes.clear();
  file.sectors.clear();
  for (Write& lost : left) {
    write(file, lost.offset, std::move(lost.bytes));
    file.writes.back().is_lost = true;
  }
}

std::vector<Piece> Disk::pieces() const {
  std::vector<Piece> pieces;
  for (const auto& [node, directory] : directories_) {
    for (size_t i = 0; i < directory.entries.size(); i++) pieces.push_back({Piece::Kind::kEntry, node, 0, i, 2});
  }
  for (const auto& [node, file] : files_) {
    if (!file.lengths.empty()) pieces.push_back({Piece::Kind::kLength, node, 0, 0, static_cast<uint32_t>(file.lengths.size() + 1)});
    for (const auto& [sector, writes] : file.sectors) {
      pieces.push_back({Piece::Kind::kSector, node, sector, 0, static_cast<uint32_t>(writes.size() + 1)});
    }
  }
  return pieces;
}

// The nodes below that have a name now, by path.
void Disk::number(NodeId directory, const std::string& path, std::map<std::string, NodeId>* numbers) const {
  std::map<std::string, NodeId> names = directories_.at(directory).durable;
  for (const Entry& entry : directories_.at(directory).entries) {
    if (entry.child == kRootNode)
      names.erase(entry.name);
    else
      names[entry.name] = entry.child;
  }
  for (const auto& [name, child] : names) {
    (*numbers)[path + "/" + name] = child;
    if (directories_.contains(child)) number(child, path + "/" + name, numbers);
  }
}

Trace Disk::continued(const Trace& trace, const DiskImage& image) const {
  const auto theirs = number_nodes(image);
  std::map<std::string, NodeId> ours{{"", kRootNode}};
  number(kRootNode, "", &ours);
  std::map<NodeId, NodeId> known;
  for (const auto& [path, node] : theirs) known[node] = ours.at(path);
  NodeId next = directories_.rbegin()->first + 1;
  if (!files_.empty()) next = std::max(next, files_.rbegin()->first + 1);
  const auto renumbered = [&](NodeId node) {
    const auto [at, is_new] = known.try_emplace(node, next);
    if (is_new) next++;
    return at->second;
  };
  Trace steps = trace;
  for (Step& step : steps) {
    step.node = renumbered(step.node);
    step.child = renumbered(step.child);
  }
  return steps;
}

// The decisions, by node.
struct Disk::Undecided {
  std::map<NodeId, uint32_t> lengths;
  std::map<NodeId, std::vector<std::pair<uint64_t, uint32_t>>> sectors;
  std::map<NodeId, std::vector<size_t>> entries;  // those that are there
  const Piece* torn = nullptr;
  const Tear* tear = nullptr;
};

DiskImage Disk::image(const std::vector<Piece>& pieces, const std::vector<uint32_t>& states, const Tear* tear) const {
  Undecided undecided;
  for (size_t i = 0; i < pieces.size(); i++) {
    const Piece& piece = pieces[i];
    if (states[i] == 0) continue;
    if (piece.kind == Piece::Kind::kLength) undecided.lengths[piece.node] = states[i];
    if (piece.kind == Piece::Kind::kSector) undecided.sectors[piece.node].emplace_back(piece.sector, states[i]);
    if (piece.kind == Piece::Kind::kEntry) undecided.entries[piece.node].push_back(piece.entry);
  }
  if (tear != nullptr) {
    undecided.tear = tear;
    undecided.torn = &pieces[tear->piece];
  }
  DiskImage image;
  collect(kRootNode, "", undecided, &image);
  return image;
}

void Disk::collect(NodeId node, const std::string& path, const Undecided& undecided, DiskImage* image) const {
  const Directory& directory = directories_.at(node);
  const auto kept = undecided.entries.find(node);
  std::map<std::string, NodeId> changed;
  const std::map<std::string, NodeId>* names = &directory.durable;
  if (kept != undecided.entries.end()) {
    changed = directory.durable;
    for (const size_t i : kept->second) {
      const Entry& entry = directory.entries[i];
      if (entry.child == kRootNode)
        changed.erase(entry.name);
      else
        changed[entry.name] = entry.child;
    }
    names = &changed;
  }
  for (const auto& [name, child] : *names) {
    const std::string child_path = path + "/" + name;
    if (const auto file = files_.find(child); file != files_.end()) {
      image->files.emplace(child_path, content(child, file->second, undecided));
    } else {
      image->directories.insert(child_path);
      collect(child, child_path, undecided, image);
    }
  }
}

ContentRef Disk::content(NodeId node, const File& file, const Undecided& undecided) const {
  const auto length = undecided.lengths.find(node);
  const auto sectors = undecided.sectors.find(node);
  if (length == undecided.lengths.end() && sectors == undecided.sectors.end()) return file.durable;
  std::string bytes = file.durable->bytes;
  if (length != undecided.lengths.end()) bytes.resize(file.lengths[length->second - 1], '\0');
  if (sectors == undecided.sectors.end()) return std::make_shared<const Content>(std::move(bytes));
  for (const auto& [sector, state] : sectors->second) {
    const std::vector<size_t>& writes = file.sectors.at(sector);
    const bool is_torn = undecided.torn != nullptr && undecided.torn->node == node && undecided.torn->sector == sector;
    for (uint32_t i = 0; i < state; i++) {
      const Write& write = file.writes[writes[i]];
      if (!is_torn || i + 1 != state) {
        copy_clipped(write.bytes, write.offset, sector, bytes.size(), &bytes);
        continue;
      }
      std::mt19937_64 random(undecided.tear->seed);
      std::string torn = write.bytes;
      if (undecided.tear->is_noise) {
        // Where old and new bytes agree any mixture of them is what they are.
        for (size_t at = 0; at < torn.size(); at++) {
          if (write.offset + at < bytes.size() && bytes[write.offset + at] != torn[at]) torn[at] = static_cast<char>(random());
        }
      } else {
        torn.resize(random() % (torn.size() + 1));
      }
      copy_clipped(torn, write.offset, sector, bytes.size(), &bytes);
    }
  }
  return std::make_shared<const Content>(std::move(bytes));
}

}  // namespace firn
