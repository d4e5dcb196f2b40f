// The simulated file system itself: it loses what may be lost, keeps what must be kept, and notices what is forbidden.
#include <gtest/gtest.h>

#include <random>

#include "crashfs/crash_fs.h"
#include "crashfs/crash_images.h"
#include "crashfs/effort.h"
#include "env/environment.h"
#include "env/posix_env.h"

namespace firn {
namespace {

class CrashFsTest : public testing::Test {
 protected:
  void SetUp() override { directory_ = std::move(*fs_.open_directory("/d", true)); }
  std::unique_ptr<File> create(const std::string& name) { return std::move(*directory_->open_file(name, OpenMode::kCreate)); }
  void write(File& file, uint64_t offset, const std::string& text) { ASSERT_TRUE(file.write(offset, Slice(std::string_view(text))).ok()); }

  Disk disk_now() const {
    Disk disk((DiskImage()));
    for (const Step& step : fs_.trace()) disk.apply(step);
    return disk;
  }
  // Every content that a file has in some crash image; "absent" when there is none.
  std::set<std::string> possible(const std::string& name) const {
    std::set<std::string> found;
    ImageBudget budget;
    budget.random_count = 200;
    visit_images(disk_now(), budget, 1, [&](DiskImage&& image, const ImageOrigin&) {
      const auto at = image.files.find("/d/" + name);
      found.insert(at == image.files.end() ? "absent" : at->second->bytes);
    });
    return found;
  }

  CrashFs fs_;
  std::unique_ptr<Directory> directory_;
};

TEST_F(CrashFsTest, what_was_synced_with_its_name_is_in_every_image) {
  const auto file = create("a");
  write(*file, 0, "hello");
  ASSERT_TRUE(file->sync().ok());
  ASSERT_TRUE(directory_->sync().ok());
  create("b");
  EXPECT_EQ(std::set<std::string>{"hello"}, possible("a"));
}

TEST_F(CrashFsTest, a_file_that_was_synced_without_its_name_may_be_absent) {
  const auto file = create("a");
  write(*file, 0, "hello");
  ASSERT_TRUE(file->sync().ok());
  EXPECT_EQ((std::set<std::string>{"hello", "absent"}), possible("a"));
}

TEST_F(CrashFsTest, a_name_without_its_bytes_may_be_an_empty_file_or_one_of_zeros) {
  const auto file = create("a");
  ASSERT_TRUE(directory_->sync().ok());
  write(*file, 0, "abc");
  const auto found = possible("a");
  EXPECT_TRUE(found.contains(""));
  EXPECT_TRUE(found.contains(std::string(3, '\0')));
  EXPECT_TRUE(found.contains("abc"));
  EXPECT_TRUE(found.contains(std::string("a\0\0", 3))) << "torn";
  EXPECT_FALSE(found.contains("absent"));
}

TEST_F(CrashFsTest, a_sector_may_hold_any_version_since_the_last_sync) {
  const auto file = create("a");
  write(*file, 0, "old");
  ASSERT_TRUE(file->sync().ok());
  ASSERT_TRUE(directory_->sync().ok());
  write(*file, 0, "mid");
  write(*file, 0, "new");
  const auto found = possible("a");
  EXPECT_TRUE(found.contains("old"));
  EXPECT_TRUE(found.contains("mid"));
  EXPECT_TRUE(found.contains("new"));
}

TEST_F(CrashFsTest, sectors_are_lost_independently_of_each_other) {
  const auto file = create("a");
  ASSERT_TRUE(file->allocate(1024).ok());
  ASSERT_TRUE(file->sync().ok());
  ASSERT_TRUE(directory_->sync().ok());
  write(*file, 500, std::string(24, 'x'));
  const auto found = possible("a");
  std::string first(1024, '\0');
  std::string second = first;
  first.replace(500, 12, 12, 'x');
  second.replace(512, 12, 12, 'x');
  EXPECT_TRUE(found.contains(first));
  EXPECT_TRUE(found.contains(second));
}

TEST_F(CrashFsTest, an_unlink_may_be_durable_before_an_earlier_creation) {
  const auto old = create("old");
  ASSERT_TRUE(directory_->sync().ok());
  create("new");
  ASSERT_TRUE(directory_->remove("old").ok());
  bool lost_both = false;
  bool has_both = false;
  visit_images(disk_now(), {}, 1, [&](DiskImage&& image, const ImageOrigin&) {
    lost_both |= image.files.empty();
    has_both |= image.files.size() == 2;
  });
  EXPECT_TRUE(lost_both) << "the unlink alone";
  EXPECT_TRUE(has_both) << "the creation alone";
}

TEST_F(CrashFsTest, announced_stores_are_steps_and_others_are_noticed) {
  const auto file = create("a");
  ASSERT_TRUE(file->allocate(4096).ok());
  ASSERT_TRUE(file->sync().ok());
  ASSERT_TRUE(directory_->sync().ok());
  const auto mapping = std::move(*file->map(4096, true));
  mapping->data()[7] = 'x';
  mapping->announce(7, 1);
  EXPECT_EQ("", fs_.violation());
  std::string stored(4096, '\0');
  stored[7] = 'x';
  const auto found = possible("a");
  EXPECT_TRUE(found.contains(std::string(4096, '\0')));
  EXPECT_TRUE(found.contains(stored));
  mapping->data()[9] = 'y';
  EXPECT_NE(std::string::npos, fs_.violation().find("not announced"));
}

TEST_F(CrashFsTest, a_failed_sync_that_forgets_is_not_mended_by_a_later_one) {
  const auto file = create("a");
  ASSERT_TRUE(directory_->sync().ok());
  ASSERT_TRUE(file->sync().ok());
  write(*file, 0, "lost");
  fs_.plan({fs_.calls(), Fault::kLostNew, false});
  EXPECT_TRUE(file->sync().is(Code::kIo));
  fs_.heal();
  EXPECT_EQ("lost", read_text(*file, 0, 4)) << "the cache goes on showing it";
  EXPECT_EQ("", fs_.violation());
  EXPECT_TRUE(file->sync().ok());
  EXPECT_NE(std::string::npos, fs_.violation().find("tried again"));
  EXPECT_TRUE(possible("a").contains(std::string(4, '\0')));
}

TEST_F(CrashFsTest, the_other_failures_of_a_sync_show_old_bytes_or_have_written_them) {
  const auto file = create("a");
  write(*file, 0, "old");
  fs_.plan({fs_.calls() + 1, Fault::kLostOld, false});
  ASSERT_TRUE(file->sync().ok());
  ASSERT_TRUE(directory_->open_file("a", OpenMode::kRead).status().is(Code::kOk));
  write(*file, 0, "new");
  fs_.plan({fs_.calls(), Fault::kLostOld, false});
  EXPECT_TRUE(file->sync().is(Code::kIo));
  EXPECT_EQ("old", read_text(*file, 0, 3));
  ASSERT_TRUE(directory_->sync().ok());
  EXPECT_EQ(std::set<std::string>{"old"}, possible("a")) << "what is shown is on the disk";

  const auto other = create("b");
  ASSERT_TRUE(directory_->sync().ok());
  write(*other, 0, "kept");
  fs_.plan({fs_.calls(), Fault::kPersisted, false});
  EXPECT_TRUE(other->sync().is(Code::kIo));
  EXPECT_EQ(std::set<std::string>{"kept"}, possible("b"));
}

TEST_F(CrashFsTest, a_full_disk_takes_what_fits_and_gives_back_what_is_removed) {
  fs_.set_quota(4096);
  auto file = create("a");
  EXPECT_TRUE(file->allocate(8192).is(Code::kNoSpace));
  EXPECT_TRUE(file->allocate(2048).ok());
  auto other = create("b");
  EXPECT_TRUE(other->write(0, Slice(std::string_view(std::string(4096, 'x')))).is(Code::kNoSpace));
  EXPECT_EQ(2048u, *other->size()) << "a short write";
  file.reset();
  ASSERT_TRUE(directory_->remove("a").ok());
  EXPECT_EQ(2048u, fs_.used_bytes());
}

TEST_F(CrashFsTest, write_and_publish_without_a_sync_yields_the_empty_file) {
  // The classic: a new file under a name that is durable, its bytes never synced.
  const auto file = create("CURRENT");
  write(*file, 0, "MANIFEST-000001");
  ASSERT_TRUE(directory_->sync().ok());
  EXPECT_TRUE(possible("CURRENT").contains(""));
}

// The same random operations on this and on the real file system: equal answers and equal bytes.
TEST(CrashFsTwinTest, without_a_crash_it_answers_as_a_real_file_system) {
  const TemporaryDirectory disk;
  CrashFs fs;
  Env* const envs[] = {&fs, &posix_env()};
  std::unique_ptr<Directory> directories[2];
  std::map<std::string, std::unique_ptr<File>> files[2];
  std::map<std::string, std::unique_ptr<Mapping>> mappings[2];
  ASSERT_TRUE(fs.open_directory("/twin", true).ok());
  for (int i = 0; i < 2; i++) directories[i] = std::move(*envs[i]->open_directory(i == 0 ? "/twin" : disk.path(), true));
  std::mt19937_64 random(7);
  const int steps = static_cast<int>(test_effort().count(50'000, 1'000'000));
  for (int step = 0; step < steps; step++) {
    const std::string name(1, static_cast<char>('a' + random() % 6));
    const uint64_t action = random() % 10;
    const uint64_t offset = random() % 9000;
    const std::string text(1 + random() % 600, static_cast<char>('a' + random() % 26));
    std::string answers[2];
    for (int i = 0; i < 2; i++) {
      auto& file = files[i][name];
      auto& mapping = mappings[i][name];
      if (action == 0 || file == nullptr) {
        mapping.reset();
        file.reset();
        auto opened = directories[i]->open_file(name, offset % 2 == 0 ? OpenMode::kCreate : OpenMode::kReadWrite);
        answers[i] = std::to_string(static_cast<int>(code_of(opened)));
        if (opened.ok()) file = std::move(*opened);
      } else if (action == 1) {
        mapping.reset();
        file.reset();
        answers[i] = std::to_string(static_cast<int>(directories[i]->remove(name).code()));
      } else if (action == 2) {
        const auto names = directories[i]->list();
        for (const auto& entry : *names) answers[i] += entry + ",";
      } else if (action == 3) {
        if (mapping == nullptr) answers[i] = std::to_string(static_cast<int>(file->allocate(offset).code()));
      } else if (action == 4 && mapping == nullptr) {
        auto mapped = file->map(2048, true);
        answers[i] = std::to_string(static_cast<int>(code_of(mapped)));
        if (mapped.ok()) mapping = std::move(*mapped);
      } else if (mapping != nullptr && action < 8) {
        const size_t at = offset % (2048 - 600);
        std::copy(text.begin(), text.end(), mapping->data() + at);
        mapping->announce(at, text.size());
        if (action == 7) mapping.reset();
      } else if (mapping == nullptr && action < 7) {
        answers[i] = std::to_string(static_cast<int>(file->write(offset, Slice(std::string_view(text))).code()));
      } else {
        answers[i] = std::to_string(*file->size()) + read_text(*file, offset, text.size()).substr(0, 650);
        if (answers[i].find("error") != std::string::npos) answers[i] = "error";
      }
    }
    ASSERT_EQ(answers[0], answers[1]) << "step " << step << " action " << action;
  }
  EXPECT_EQ("", fs.violation());
}

}  // namespace
}  // namespace firn
