// MergingIterator: several iterators as one. Where they have the same key the one that comes first in the list (the newest) answers and the others are
// passed over. An error of any of them is the error of the whole.
// Threading: one thread at a time.
#pragma once

#include <memory>
#include <vector>

#include "base/iterator.h"

namespace firn {

std::unique_ptr<Iterator> new_merging_iterator(std::vector<std::unique_ptr<Iterator>> newest_first);

}  // namespace firn
