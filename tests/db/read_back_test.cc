// Who verifies a new table: the flush that wrote it, or, of one that was behind, who reads it first.
#include <thread>

#include "db/db_fixture.h"
#include "db/full_disk_env.h"

namespace firn {
namespace {

class ReadBackTest : public DbTest {
 protected:
  void put_many(int from, int to) {
    for (int i = from; i < to; i++) put("key" + std::to_string(i), std::string(1'000, 'v'));
  }

  FullDiskEnv slow_disk_;
};

TEST_F(ReadBackTest, a_flush_of_one_memtable_verifies_its_table_and_one_of_several_does_not) {
  env_ = &slow_disk_;
  open("memtable_bytes=256KiB");
  slow_disk_.disk.holds_table_writes = true;
  put_many(0, 300);
  while (slow_disk_.disk.held_count == 0) std::this_thread::yield();  // the flush of the first has begun
  put_many(300, 900);
  slow_disk_.disk.holds_table_writes = false;
  ASSERT_TRUE(flush().ok());
  ASSERT_EQ(0u, stat("compactions"));

  EXPECT_EQ(std::string(1'000, 'v'), get("key0"));
  EXPECT_EQ(0u, stat("cache_misses"));
  EXPECT_EQ(std::string(1'000, 'v'), get("key400"));
  EXPECT_GT(stat("cache_misses"), 0u);
}

}  // namespace
}  // namespace firn
