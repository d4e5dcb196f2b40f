// FaultInjection: runs a script once for every call that it makes and every way in which that call can fail, once and from then on. Demanded of each run:
//   an act that says ok has happened, one that fails has not, unless it says kIndeterminate: then it has happened as a whole or not at all, the subject takes no
//   more writes, removes no file, and what is found when it is opened again stays so;
//   a state that is read is the right one, or the reading says that it failed;
//   nothing acknowledged is lost by the death of the process, nor (what was durable) by power loss, at the moment of the failure and at the end;
//   the trace keeps the protocol of the disk (TraceLint);
//   without the fault the subject opens, or resumes (every second time), and goes on; no sync is tried again, no file written to after a failed write, no store goes unannounced.
// Threading: one thread.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "crashfs/crash_fs.h"
#include "crashfs/subject.h"
#include "crashfs/trace_lint.h"

namespace firn {

class FaultInjection {
 public:
  struct Cell {
    uint64_t once = 0;
    uint64_t sticky = 0;
  };
  using Matrix = std::map<Site, std::array<Cell, kFaultCount>>;

  // `share`: of the calls from a site that were failed before one in so many is failed again. Returns "" or what is wrong.
  std::string run(const Script& script, uint64_t seed, uint64_t share);
  const Matrix& matrix() const { return matrix_; }
  std::string matrix_text() const;
  uint64_t runs() const { return runs_; }
  uint64_t resumes() const { return resumes_; }  // after failures, without an opening
  const TraceLint::Counts& lint() const { return lint_; }

 private:
  class Run;
  Matrix matrix_;
  uint64_t runs_ = 0;
  uint64_t resumes_ = 0;
  TraceLint::Counts lint_;
};

}  // namespace firn
