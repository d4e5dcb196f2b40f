// An Env in memory whose monotonic clock moves by the same time at every look, and only then.
// Threading: any thread.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "env/memory_env.h"

namespace firn {

class TickingEnv final : public Env {
 public:
  explicit TickingEnv(int64_t tick_ns) : tick_ns_(tick_ns) {}

  Result<std::unique_ptr<Directory>> open_directory(const std::string& path, bool create) override {
    return files_->open_directory(path, create);
  }
  int64_t wall_ms() override { return files_->wall_ms(); }
  int64_t monotonic_ns() override { return static_cast<int64_t>(++look_count_) * tick_ns_; }
  uint64_t random() override { return files_->random(); }

  uint64_t look_count() const { return look_count_; }

 private:
  const std::unique_ptr<Env> files_ = new_memory_env();
  const int64_t tick_ns_;
  std::atomic<uint64_t> look_count_{0};
};

}  // namespace firn
