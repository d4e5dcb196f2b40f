// Disk: what is durable of a simulated disk, and what is not yet: the pieces of which any may be there after power loss and any may not.
//
// A file's un-synced bytes are atoms of a sector (512 bytes). An atom may hold what was durable, or any version that it has gone through since; which one is
// independent of all other atoms. The length may be any that the file has had since its last sync, independently of the bytes: what lies below it
// and was never written back reads as zeros. A directory's un-synced entries may be there or not, in any combination (the strict model): so an unlink may
// be durable before an earlier creation. A sync of a file makes nothing of its name durable.
// Threading: one thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "crashfs/disk_image.h"
#include "crashfs/trace.h"

namespace firn {

inline constexpr uint64_t kSectorBytes = 512;

// Something that power loss may undo: it has so many states, of which 0 is the durable one and the last the newest.
struct Piece {
  enum class Kind { kSector, kLength, kEntry } kind = Kind::kSector;
  NodeId node = kRootNode;
  uint64_t sector = 0;  // kSector
  size_t entry = 0;     // kEntry: index among the directory's un-synced ones
  uint32_t states = 2;
};

// How one atom is spoilt: the last version that it holds was written in part (bytes), or its un-synced bytes are noise.
struct Tear {
  size_t piece = 0;
  bool is_noise = false;
  uint64_t seed = 0;
};

class Disk {
 public:
  // Everything in the image is durable. Nodes are numbered as number_nodes() says.
  explicit Disk(const DiskImage& image);
  void apply(const Step& step);

  // What power loss decides about at this moment.
  std::vector<Piece> pieces() const;
  // What is there when each piece is in the given state.
  DiskImage image(const std::vector<Piece>& pieces, const std::vector<uint32_t>& states, const Tear* tear = nullptr) const;

  // The steps of a simulation that was made from `image`, which is this disk with everything kept, as steps of this disk: the process has died, and the system has not.
  Trace continued(const Trace& trace, const DiskImage& image) const;

 private:
  struct Write {
    uint64_t offset = 0;
    std::string bytes;
    bool is_lost = false;  // no sync makes it durable any more
  };
  struct File {
    ContentRef durable;
    std::vector<Write> writes;                        // in order
    std::vector<uint64_t> lengths;                    // in order, without the durable one
    std::map<uint64_t, std::vector<size_t>> sectors;  // which writes touch it
    uint64_t length() const { return lengths.empty() ? durable->bytes.size() : lengths.back(); }
  };
  struct Entry {
    std::string name;
    NodeId child = kRootNode;  // kRootNode: removed
  };
  struct Directory {
    std::map<std::string, NodeId> durable;
    std::vector<Entry> entries;  // in order
  };
  struct Undecided;

  void write(File& file, uint64_t offset, std::string bytes);
  void settle(File& file, bool is_lost);
  void number(NodeId directory, const std::string& path, std::map<std::string, NodeId>* numbers) const;
  void collect(NodeId node, const std::string& path, const Undecided& undecided, DiskImage* image) const;
  ContentRef content(NodeId node, const File& file, const Undecided& undecided) const;

  const ContentRef nothing_ = std::make_shared<const Content>(std::string());
  std::map<NodeId, File> files_;
  std::map<NodeId, Directory> directories_;
};

// The nodes of an image: the root is 0, then all directories and files in the order of their paths.
std::map<std::string, NodeId> number_nodes(const DiskImage& image);

}  // namespace firn
