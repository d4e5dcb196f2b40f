// OvertakenReader: whether what a reader beside a writer met is what the writer has done meanwhile, so that reading again helps, or is there to stay.
//
// A file may go between the reading of the state that names it and its opening; a record that was found half stored may be named as durable before the reader has looked at
// the names. Whoever reads again, from a newer state, does not meet it at the same place again; damage he does. There is no limit but that: each time the writer was faster.
//
// Threading: one thread.
#pragma once

#include <cstring>
#include <utility>

#include "base/status.h"

namespace firn {

class OvertakenReader {
 public:
  // `status`: why a reading failed. `is_state_same`: the state on disk is still the one that it began with.
  bool should_read_again(Status status, bool is_state_same) {
    if (!status.is(Code::kCorrupt) && !status.is(Code::kNotFound)) return false;
    if (status.detail() == nullptr || (is_state_same && !status.is(Code::kCorrupt))) return false;
    // Two files whose long paths were cut look like one: then only what fails twice in the same state is damage.
    const bool is_cut = std::strlen(status.detail()->file) + 1 == sizeof status.detail()->file;
    if (status.is_same_place(last_) && (is_state_same || !is_cut)) return false;
    last_ = std::move(status);
    return true;
  }

 private:
  Status last_;
};

}  // namespace firn
