// PowerLoss: runs a script once while everything that is done to the disk is written down, then takes the power away at every step of it, opens each crash image, and
// judges what is found:
//   the state is one that the script went through, not before the last act that was acknowledged as durable, not behind the act in flight (so acts are whole and nothing is
//   passed over); in the image that the death of the process leaves: not before the last act that was acknowledged;
//   the deep check finds nothing; opening succeeds without a flag; one more durable write survives one more power loss; after a close in order nothing is left over, and
//   opening once more changes nothing;
//   the trace keeps the protocol of the disk (TraceLint), also that of a recovery.
// Of a share of the images the recovery itself is recorded and crashed at every step in the same way (nested images). Of a share of the steps the process dies first, and the
// power goes while the next one recovers: from what the cache shows, of which the disk has any part.
// Threading: one thread.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "crashfs/crash_images.h"
#include "crashfs/subject.h"
#include "crashfs/trace_lint.h"

namespace firn {

struct PowerLossPlan {
  ImageBudget budget;
  size_t first_act = 0;       // crash from this act on (0: from the first opening on)
  uint64_t nested_every = 0;  // of so many images one is recovered with nested crashes; 0: none
  uint64_t killed_every = 0;  // of so many steps the process dies before the power goes; 0: none
  uint64_t full_every = 8;    // of so many images one is examined to the end: probe, power loss, close, reopen
  uint64_t step_every = 1;    // of so many steps one is looked at
  uint64_t seed = 1;
};

class PowerLoss {
 public:
  struct Counts {
    uint64_t scripts = 0;
    uint64_t points = 0;    // steps after which the power went
    uint64_t images = 0;    // that were made
    uint64_t distinct = 0;  // that differ from all others
    uint64_t nested = 0;    // distinct ones of crashes in a recovery
    uint64_t killed = 0;    // recoveries in the same boot that were crashed
    uint64_t openings = 0;
    TraceLint::Counts lint;
    std::string text() const;
  };

  // Returns "" or what is wrong, with the command that replays it.
  std::string run(const Script& script, const PowerLossPlan& plan);
  const Counts& counts() const { return counts_; }

 private:
  struct Outcome {
    std::string problem;
    ModelState state;
  };
  struct Demand;

  Outcome examine(const Script& script, const DiskImage& image, bool to_the_end);
  std::string examine_to_the_end(const Script& script, const DiskImage& image, const ModelState& state);
  std::string nest(const Script& script, const DiskImage& image, const PowerLossPlan& plan, const Demand& demand);
  std::string nest_in_same_boot(const Script& script, const Disk& disk, const PowerLossPlan& plan, const Demand& demand);
  std::string crash_recovery(const Script& script, Disk disk, const Trace& trace, const PowerLossPlan& plan, const Demand& demand);
  std::string judge(const Script& script, const DiskImage& image, const PowerLossPlan& plan, const Demand& demand, bool is_nested);

  std::unordered_map<uint64_t, Outcome> known_;  // by the hash of the image
  Counts counts_;
};

}  // namespace firn
