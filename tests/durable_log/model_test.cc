// The durable log against a deque: random operations, openings with other options among them. A failure prints its seed:
//   FIRN_SEED=<seed> firn_durable_log_test --gtest_filter=<test>
#include <cstdlib>
#include <deque>
#include <random>

#include "crashfs/effort.h"
#include "durable_log/log_driver.h"

namespace durable_log_test {
namespace {

struct OptionSet {
  const char* name;
  std::vector<const char*> options;  // one of them at each opening
};

class LogModelTest : public LogDriver, public testing::WithParamInterface<OptionSet> {
 protected:
  LogModelTest() { random_.seed(firn::test_effort().seed + std::hash<std::string_view>()(GetParam().name)); }

  uint64_t below(uint64_t n) { return random_() % n; }
  uint64_t model_next() const { return first_ + records_.size(); }

  std::string record() {
    const uint64_t kind = below(20);
    const size_t length = kind == 0 ? 0 : kind == 1 ? below(9000) : below(120);
    std::string text = std::to_string(made_++);
    text.resize(length, static_cast<char>('a' + made_ % 26));
    return text;
  }
  void reopen() { open(GetParam().options[below(GetParam().options.size())]); }

  void append_some() {
    if (below(4) != 0) {
      records_.push_back(record());
      ASSERT_EQ(static_cast<int64_t>(model_next() - 1), append(log_, records_.back()));
      return;
    }
    std::vector<std::string> batch;
    for (uint64_t n = below(12); n > 0; n--) batch.push_back(record());
    ASSERT_EQ(static_cast<int64_t>(model_next()), append_batch(log_, batch));
    for (std::string& text : batch) records_.push_back(std::move(text));
  }

  void trim() {
    if (below(2) == 0) {
      const uint64_t index = first_ + below(records_.size() / 2 + 1);
      ASSERT_EQ(FIRN_OK, firn_log_trim_before(log_, index));
      records_.erase(records_.begin(), records_.begin() + static_cast<ptrdiff_t>(index - first_));
      first_ = index;
    } else if (!records_.empty()) {
      const uint64_t kept = records_.size() - below(std::min<size_t>(records_.size(), 40));
      ASSERT_EQ(FIRN_OK, firn_log_trim_after(log_, first_ + kept - 1));
      records_.resize(kept);
    }
  }

  void reset() {
    first_ = below(2) == 0 ? below(100) : model_next() + below(1000);
    records_.clear();
    ASSERT_EQ(FIRN_OK, firn_log_reset(log_, first_));
  }

  void refused() {
    EXPECT_EQ(FIRN_INVALID, firn_log_trim_before(log_, model_next() + 1 + below(5)));
    EXPECT_EQ(FIRN_INVALID, firn_log_trim_after(log_, model_next() + below(5)));
    if (first_ > 0) {
      EXPECT_EQ(FIRN_INVALID, firn_log_trim_before(log_, first_ - 1));
      EXPECT_EQ(FIRN_INVALID, firn_log_trim_after(log_, first_ - 1));
      EXPECT_EQ("FIRN_NOT_FOUND", read(log_, first_ - 1));
    }
    EXPECT_EQ("FIRN_NOT_FOUND", read(log_, model_next()));
  }

  void look() {
    const firn_log_range bounds = firn_log_bounds(log_);
    ASSERT_EQ(first_, bounds.first);
    ASSERT_EQ(model_next(), bounds.next);
    if (!records_.empty()) {
      const uint64_t at = below(records_.size());
      ASSERT_EQ(records_[at], read(log_, first_ + at));
    }
  }

  void look_at_all() {
    const std::vector<Record> found = read_all(log_, first_, 20 + below(3000));
    ASSERT_EQ(records_.size(), found.size());
    int64_t before_ms = 0;
    for (size_t i = 0; i < found.size(); i++) {
      ASSERT_EQ(records_[i], found[i].data) << "index " << found[i].index;
      ASSERT_LE(before_ms, found[i].time_ms) << "times never fall";
      before_ms = found[i].time_ms;
    }
  }

  std::mt19937_64 random_;
  std::deque<std::string> records_;
  uint64_t first_ = 0;
  uint64_t made_ = 0;
};

TEST_P(LogModelTest, the_log_answers_as_a_deque_does) {
  SCOPED_TRACE(firn::replay_command());
  const int steps = static_cast<int>(firn::test_effort().count(4'000, 100'000));
  reopen();
  for (int step = 0; step < steps && !HasFatalFailure(); step++) {
    const uint64_t kind = below(1000);
    if (kind < 900) {
      append_some();
    } else if (kind < 930) {
      trim();
    } else if (kind < 932) {
      reset();
    } else if (kind < 940) {
      reopen();
    } else if (kind < 950) {
      ASSERT_EQ(FIRN_OK, firn_log_sync(log_));
      ASSERT_EQ(static_cast<int64_t>(model_next()), firn_log_durable(log_));
    } else if (kind < 970) {
      refused();
    } else if (kind < 975) {
      look_at_all();
    }
    look();
  }
  look_at_all();
  reopen();
  look();
  look_at_all();
}

const OptionSet kOptionSets[] = {
    {"Defaults", {""}},
    {"TinySegments", {"segment_bytes=4KiB"}},
    {"ChangingSegments", {"segment_bytes=4KiB", "segment_bytes=16KiB", "segment_bytes=1MiB,durability=none", "verify_on_open=true"}},
    {"Pwrite", {"segment_bytes=8KiB,log_io=pwrite", "segment_bytes=8KiB"}},
    {"Sync", {"segment_bytes=16KiB,durability=sync", "segment_bytes=4KiB,durability=every:10", "durability=interval:1ms"}},
};
INSTANTIATE_TEST_SUITE_P(Options, LogModelTest, testing::ValuesIn(kOptionSets),
                         [](const auto& set) { return std::string(set.param.name); });

}  // namespace
}  // namespace durable_log_test
