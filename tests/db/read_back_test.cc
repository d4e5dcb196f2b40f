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

  FullDiskEnv disk_env_;
};

TEST_F(ReadBackTest, a_flush_of_one_memtable_verifies_its_table_and_one_of_several_does_not) {
  env_ = &disk_env_;
  open("memtable_bytes=256KiB");
  disk_env_.disk.holds_table_writes = true;
  put_many(0, 300);
  while (disk_env_.disk.held_count == 0) std::this_thread::yield();  // the flush of the first has begun
  put_many(300, 900);
  disk_env_.disk.holds_table_writes = false;
  ASSERT_TRUE(flush().ok());
  ASSERT_EQ(0u, stat("compactions"));

  EXPECT_EQ(std::string(1'000, 'v'), get("key0"));
  EXPECT_EQ(0u, stat("cache_misses"));
  EXPECT_EQ(std::string(1'000, 'v'), get("key400"));
  EXPECT_GT(stat("cache_misses"), 0u);
}

TEST_F(ReadBackTest, a_compaction_verifies_its_tables) {
  env_ = &disk_env_;
  open();
  for (int run = 0; run < 2; run++) {
    put_many(0, 100);
    ASSERT_TRUE(flush().ok());
  }
  ASSERT_TRUE(compact().ok());
  ASSERT_EQ(1u, stat("compactions"));
  EXPECT_EQ(std::string(1'000, 'v'), get("key0"));
  EXPECT_EQ(0u, stat("cache_misses"));
}

// A slice of a job goes with each of its writes.
TEST_F(ReadBackTest, a_database_without_threads_leaves_it_to_who_reads) {
  open("single_threaded=true");
  put("key", "value");
  ASSERT_TRUE(flush().ok());
  EXPECT_EQ("value", get("key"));
  EXPECT_GT(stat("cache_misses"), 0u);
}

TEST_F(ReadBackTest, damage_fails_the_flush_until_it_is_gone_also_when_that_is_behind_by_then) {
  env_ = &disk_env_;
  open("memtable_bytes=256KiB");
  disk_env_.disk.damages_tables = true;
  put("key", "value");
  EXPECT_TRUE(flush().is(Code::kCorrupt));
  put_many(0, 300);
  const int seen_count = disk_env_.disk.damaged_count;
  while (disk_env_.disk.damaged_count < seen_count + 2 && stat("flushes") == 0)
    std::this_thread::yield();  // tried again, by now with both memtables
  EXPECT_EQ(0u, stat("flushes"));
  disk_env_.disk.damages_tables = false;
  while (!flush().ok()) std::this_thread::yield();  // the error stays until it was tried again
  EXPECT_EQ("value", get("key"));
  for (int i = 0; i < 300; i++) ASSERT_EQ(std::string(1'000, 'v'), get("key" + std::to_string(i)));
}

}  // namespace
}  // namespace firn
