// The bytes of core/log/FORMAT.md's worked example are what the log writes, and what recovery reads.
#include "log/log_fixture.h"
#include "log/worked_example.h"

namespace firn {
namespace {

constexpr uint64_t kGeneration = 0x1112131415161718;

class GoldenTest : public LogTest {
 protected:
  // The posix or memory Env with a generator that always gives the example's generation.
  class FixedEnv final : public Env {
   public:
    explicit FixedEnv(Env& env) : env_(env) {}
    Result<std::unique_ptr<Directory>> open_directory(const std::string& path, bool create) override {
      return env_.open_directory(path, create);
    }
    int64_t wall_ms() override { return env_.wall_ms(); }
    int64_t monotonic_ns() override { return env_.monotonic_ns(); }
    uint64_t random() override { return kGeneration; }

   private:
    Env& env_;
  };
};

TEST_P(GoldenTest, TheLogWritesTheWorkedExample) {
  FixedEnv fixed(env());
  {
    Log log(open_directory(), kTestLogId, io(), fixed);
    log.continue_at(3, 8192, 0x1f40);
    activate(log, 4096);
    append(log, "hello");
    ASSERT_TRUE(log.sync().ok());
    append(log, "");
  }
  std::string example = worked_example("log", "## A worked example");
  example.resize(4096, '\0');
  EXPECT_EQ(hex_rows(example), hex_rows(read_file(3)));
}

TEST_P(GoldenTest, RecoveryReadsTheWorkedExample) {
  std::string example = worked_example("log", "## A worked example");
  example.resize(4096, '\0');
  replace_file(3, example);
  const auto found = recover({3});
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ((std::vector<std::string>{"hello", ""}), records_);
  EXPECT_EQ(8192u + 216u, found->end);
  EXPECT_EQ(kGeneration, found->segments[0]->header().generation);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenTest, testing::ValuesIn(kLogCases), log_case_name);

}  // namespace
}  // namespace firn
