// Which crash images of a moment are looked at: none of the un-synced pieces kept, all, each one kept alone and lost alone, every file all or nothing, every prefix of a
// directory's entries, all subsets when there are few pieces, and random ones with intermediate versions, torn sectors and noise.
// Threading: pure functions.
#pragma once

#include <cstdint>
#include <functional>

#include "crashfs/disk.h"

namespace firn {

struct ImageBudget {
  size_t single_count = 64;       // pieces that are kept and lost alone; more are sampled
  size_t subset_piece_count = 5;  // so many pieces are tried in all combinations
  size_t file_subset_count = 5;   // so many files are kept or lost as wholes in all combinations
  size_t random_count = 4;
};

// How an image came about: what can be demanded of it.
struct ImageOrigin {
  bool is_all = false;  // everything is there: what the death of the process leaves
};

using ImageVisitor = std::function<void(DiskImage&& image, const ImageOrigin& origin)>;

void visit_images(const Disk& disk, const ImageBudget& budget, uint64_t seed, const ImageVisitor& visit);

}  // namespace firn
