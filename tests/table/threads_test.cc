// Many threads use a table that was just opened: every chunk is made present by whoever comes first. (For ThreadSanitizer too.)
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>

#include "env/memory_env.h"
#include "env/posix_env.h"
#include "table/table_model.h"

namespace firn {
namespace {

void find_and_scan(const Table& table, const Model& model, uint64_t seed, std::atomic<int>* wrong) {
  std::mt19937_64 random(seed);
  std::vector<Model::const_iterator> order;
  for (auto at = model.begin(); at != model.end(); ++at) order.push_back(at);
  std::shuffle(order.begin(), order.end(), random);
  for (const auto& at : order) {
    Entry entry;
    const uint64_t hash = hash_key(kTestHashSeed, at->first.internal());
    table.prefetch(hash);
    table.prefetch_entry(hash);
    if (!table.find(at->first.internal(), hash, &entry).ok() || !is_same(entry, at->first, at->second)) ++*wrong;
  }
  TableJudge judge(table, model, /*may_be_corrupt=*/false);
  if (judge.judge()) ++*wrong;
}

void expect_threads_agree(const Model& model, const std::function<std::unique_ptr<Table>()>& open) {
  for (int round = 0; round < 5; ++round) {
    const std::unique_ptr<Table> table = open();
    ASSERT_NE(table, nullptr);
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (uint64_t t = 0; t < 6; ++t) threads.emplace_back([&, t] { find_and_scan(*table, model, t, &wrong); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
  }
}

TEST(TableThreads, AllReadAFreshTableAtOnce) {
  const Model model = random_model(21, 2500, 24, 400);
  for (Compression compression : built_in_compressions()) {
    const std::string bytes = build_table(model, compression);
    for (TableIo io : {TableIo::kMmap, TableIo::kPread}) {
      expect_threads_agree(model, [&] {
        auto table = open_bytes(bytes, io);
        return table.ok() ? std::move(table.value()) : nullptr;
      });
    }
  }
}

// The same over real files: of the system, and of the memory environment.
void expect_real_files_work(Env& env, const std::string& path) {
  const Model model = random_model(22, 2500, 24, 400);
  auto directory = env.open_directory(path, true);
  ASSERT_TRUE(directory.ok()) << directory.status().message();
  for (Compression compression : built_in_compressions()) {
    {
      auto file = directory.value()->open_file("table", OpenMode::kCreate);
      ASSERT_TRUE(file.ok()) << file.status().message();
      auto builder = TableBuilder::create(file->get(), options_for(model, compression));
      for (const auto& [key, value] : model) {
        ASSERT_TRUE(builder->add(entry_of(key, value), hash_key(kTestHashSeed, key.internal())).ok());
      }
      ASSERT_TRUE(builder->finish().ok());
    }
    for (TableIo io : {TableIo::kMmap, TableIo::kPread}) {
      expect_threads_agree(model, [&]() -> std::unique_ptr<Table> {
        auto file = directory.value()->open_file("table", OpenMode::kRead);
        if (!file.ok()) return nullptr;
        auto table = Table::open(std::move(file.value()), kTestIdentity, io);
        return table.ok() && (*table)->verify(kTestHashSeed).ok() ? std::move(table.value()) : nullptr;
      });
    }
    ASSERT_TRUE(directory.value()->remove("table").ok());
  }
}

TEST(TableThreads, WorkOverFilesOfTheSystem) {
  std::string path = testing::TempDir() + "/firn_table_XXXXXX";
  ASSERT_NE(mkdtemp(path.data()), nullptr);
  expect_real_files_work(posix_env(), path);
  std::remove(path.c_str());
}

TEST(TableThreads, WorkOverFilesInMemory) { expect_real_files_work(*new_memory_env(), "/tables"); }

}  // namespace
}  // namespace firn
