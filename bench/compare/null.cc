// A store that does nothing: what is left in its row is the driver's own cost (making keys and values, verifying answers, the clock).
// With Durability::kSync it writes each record to a preallocated file and calls fdatasync: the limit of one commit, one sync.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <vector>

#include "compare/engine.h"

namespace bench {
namespace {

constexpr off_t kFileBytes = 64 << 20;

// The sum keeps the compiler from dropping the work; it is not shared.
class NullSession final : public Session {
 public:
  NullSession(const Setup& setup, int file, std::atomic<off_t>& end) : value_(setup.value_bytes, 'v'), file_(file), end_(end) {}
  void put(std::string_view key, std::string_view value) override {
    if (file_ < 0) {
      sum_ = sum_ + static_cast<unsigned char>(key.back()) + static_cast<unsigned char>(value.back());
      return;
    }
    const auto size = static_cast<off_t>(key.size() + value.size());
    const off_t place = end_.fetch_add(size) % (kFileBytes - size);
    record_.assign(key).append(value);
    if (::pwrite(file_, record_.data(), record_.size(), place) < 0 || ::fdatasync(file_) != 0) fail("null: write failed");
  }
  bool get(std::string_view key, ValueSink& sink) override {
    sum_ = sum_ + static_cast<unsigned char>(key.back());
    sink.take(0, value_.data(), value_.size());
    return true;
  }
  void remove(std::string_view key) override { sum_ = sum_ + key.size(); }
  void write(std::span<const Entry> batch) override { sum_ = sum_ + batch.size(); }
  size_t multi_get(std::span<const std::string_view> keys, ValueSink& sink) override {
    for (size_t i = 0; i < keys.size(); ++i) sink.take(i, value_.data(), value_.size());
    return keys.size();
  }
  uint64_t scan(std::string_view start, uint64_t limit, EntrySink& sink) override {
    for (uint64_t i = 0; i < limit; ++i) sink.take(start, value_);
    return limit;
  }
  int64_t add(std::string_view key, int64_t delta) override {
    sum_ = sum_ + static_cast<unsigned char>(key.back()) + static_cast<uint64_t>(delta);
    return delta;
  }

 private:
  std::string value_;
  std::string record_;
  int file_;
  std::atomic<off_t>& end_;
  volatile uint64_t sum_ = 0;
};

class NullEngine final : public Engine {
 public:
  explicit NullEngine(const Setup& setup) : setup_(setup) {
    if (setup.durability != Durability::kSync) return;
    file_ = ::open((setup.path + "/preallocated").c_str(), O_RDWR | O_CREAT, 0600);
    const std::vector<char> zeros(1 << 20);
    for (off_t place = 0; place < kFileBytes; place += static_cast<off_t>(zeros.size()))
      if (file_ < 0 || ::pwrite(file_, zeros.data(), zeros.size(), place) < 0) fail("null: cannot write its file");
    if (::fdatasync(file_) != 0) fail("null: fdatasync failed");
  }
  ~NullEngine() override {
    if (file_ >= 0) ::close(file_);
  }
  std::unique_ptr<Session> session() override { return std::make_unique<NullSession>(setup_, file_, end_); }
  void sync() override {}
  void compact() override {}

 private:
  Setup setup_;
  int file_ = -1;
  std::atomic<off_t> end_{0};
};

const bool registered =
    register_engine({.name = "null",
                     .rank = 90,
                     .persistent = false,
                     .counters = true,
                     .checks = false,
                     .version = "-",
                     .settings = "the driver's own cost; fillsync: a bare pwrite + fdatasync loop over a preallocated file",
                     .open = [](const Setup& setup) { return std::make_unique<NullEngine>(setup); }});

}  // namespace
}  // namespace bench
