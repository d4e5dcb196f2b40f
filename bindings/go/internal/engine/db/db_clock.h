// DbClock: the time by which entries expire: wall time at opening plus monotonic time since. Within one opening it never steps back, whatever is done to the
// system's clock.
// Threading: any thread.
#pragma once

#include "env/env.h"

namespace firn {

class DbClock {
 public:
  DbClock() = default;
  explicit DbClock(Env& env) : env_(&env), wall_ms_(env.wall_ms()), monotonic_ns_(env.monotonic_ns()) {}

  int64_t now_ms() const { return wall_ms_ + (env_->monotonic_ns() - monotonic_ns_) / 1'000'000; }

 private:
  Env* env_ = nullptr;
  int64_t wall_ms_ = 0;
  int64_t monotonic_ns_ = 0;
};

}  // namespace firn
