// One owner (P9, T12): a second writable opening of a database or of a durable log is refused by whatever path it comes, and a lock ends with its holder and not before; no
// descriptor goes over an exec; whatever the umask only the owner may read; no symbolic link within the directory is followed.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <map>

#include "capi_fixture.h"
#include "env/environment.h"

namespace {

using namespace firn_test;
namespace fs = std::filesystem;
using firn::in_child;
using firn::kChildMayStartThreads;

// A database and a durable log alike.
struct Kind {
  const char* name;
  void* (*open)(const char* path, const firn_options* options, firn_error* error);
  int32_t (*close)(void* handle);
  int64_t (*write)(void* handle);
  int64_t (*read)(void* handle);  // what write has written: its length
};

constexpr Kind kKinds[] = {
    {"database",
     [](const char* path, const firn_options* options, firn_error* error) { return static_cast<void*>(firn_open(path, options, error)); },
     [](void* db) { return firn_close(static_cast<firn_db*>(db)); },
     [](void* db) { return int64_t{firn_put(static_cast<firn_db*>(db), 0, bytes("key"), 3, bytes("value"), 5)}; },
     [](void* db) { return firn_get(static_cast<firn_db*>(db), 0, bytes("key"), 3, nullptr, 0); }},
    {"log",
     [](const char* path, const firn_options* options, firn_error* error) {
       return static_cast<void*>(firn_log_open(path, options, error));
     },
     [](void* log) { return firn_log_close(static_cast<firn_log*>(log)); },
     [](void* log) { return firn_log_append(static_cast<firn_log*>(log), bytes("value"), 5); },
     [](void* log) { return firn_log_read(static_cast<firn_log*>(log), 0, nullptr, 0); }}};

class OneOwner : public testing::TestWithParam<Kind> {
 protected:
  void* open(const std::string& path, const char* text = "", firn_error* error = nullptr) {
    firn_options* options = firn_options_new();
    EXPECT_EQ(firn_options_parse(options, text), FIRN_OK);
    void* handle = GetParam().open(path.c_str(), options, error);
    firn_options_free(options);
    return handle;
  }
  // Opens it for the test, and writes.
  void* hold() {
    void* handle = open(path_);
    EXPECT_NE(handle, nullptr);
    EXPECT_GE(GetParam().write(handle), 0);
    return handle;
  }
  void close(void* handle) { EXPECT_EQ(GetParam().close(handle), FIRN_OK); }
  // How another opening ends; one that succeeds is closed.
  int32_t try_open(const std::string& path, std::string* message = nullptr) {
    firn_error error = FIRN_ERROR_INIT;
    void* handle = open(path, "", &error);
    if (handle != nullptr) GetParam().close(handle);
    if (message != nullptr) *message = error.message;
    return error.code;
  }
  // The same in a process of its own.
  int32_t try_in_child(const std::string& path) {
    return -in_child([&] { return -try_open(path); });
  }

  firn::TemporaryDirectory temporary_;
  const std::string path_ = temporary_.path() + "/owned";
};

TEST_P(OneOwner, a_second_opening_by_the_same_path_a_symbolic_link_or_another_spelling_is_refused_and_told_who_holds_it) {
  void* held = hold();
  fs::create_directory_symlink(path_, temporary_.path() + "/link");
  fs::create_directory_symlink("link", temporary_.path() + "/link_to_link");
  const std::string holder = "held by this process, " + std::to_string(getpid());
  for (const std::string& path : {path_, path_ + "/", temporary_.path() + "/./owned", temporary_.path() + "/link",
                                  temporary_.path() + "/link_to_link", path_ + "/../link"}) {
    std::string message;
    EXPECT_EQ(try_open(path, &message), FIRN_LOCKED) << path;
    EXPECT_TRUE(message.starts_with(holder)) << message;
  }
  EXPECT_EQ(GetParam().read(held), 5);
  close(held);
  EXPECT_EQ(try_open(temporary_.path() + "/link"), FIRN_OK);
}

// A directory cannot be linked; what can be is everything in it.
TEST_P(OneOwner, a_second_opening_through_hard_links_to_its_files_is_refused) {
  void* held = hold();
  fs::copy(path_, temporary_.path() + "/linked", fs::copy_options::recursive | fs::copy_options::create_hard_links);
  EXPECT_EQ(try_open(temporary_.path() + "/linked"), FIRN_LOCKED);
  EXPECT_EQ(try_in_child(temporary_.path() + "/linked"), FIRN_LOCKED);
  EXPECT_EQ(GetParam().read(held), 5);
  close(held);
}

TEST_P(OneOwner, a_second_opening_through_a_bind_mount_is_refused) {
  void* held = hold();
  const std::string mounted = temporary_.path() + "/mounted";
  fs::create_directory(mounted);
  constexpr int kNoRight = 77;
  const int result = in_child([&] {
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return kNoRight;
    if (mount("none", "/", "none", MS_REC | MS_PRIVATE, nullptr) != 0) return kNoRight;
    if (mount(path_.c_str(), mounted.c_str(), "none", MS_BIND, nullptr) != 0) return kNoRight;
    return -try_open(mounted);
  });
  EXPECT_EQ(GetParam().read(held), 5);
  close(held);
  if (result == kNoRight) GTEST_SKIP() << "SKIPPED: no right to mount here: a second opening through a bind mount is not tested";
  EXPECT_EQ(-result, FIRN_LOCKED);
}

TEST_P(OneOwner, another_process_is_refused_also_after_a_second_opening_has_failed_and_after_a_reader_has_closed) {
  void* held = hold();
  EXPECT_EQ(try_in_child(path_), FIRN_LOCKED);
  EXPECT_EQ(try_open(path_), FIRN_LOCKED);
  EXPECT_EQ(try_in_child(path_), FIRN_LOCKED);
  void* reader = open(path_, "read_only=true");
  ASSERT_NE(reader, nullptr);
  close(reader);
  { std::ifstream(path_ + "/LOCK").get(); }  // a lock of fcntl would be gone with this descriptor
  EXPECT_EQ(try_in_child(path_), FIRN_LOCKED);
  EXPECT_EQ(try_open(path_), FIRN_LOCKED);
  close(held);
  EXPECT_EQ(try_open(path_), FIRN_OK);
}

TEST_P(OneOwner, a_forked_child_can_neither_use_the_handle_nor_open_it_and_keeps_no_lock_when_the_parent_closes) {
  void* held = hold();
  int looked[2];  // the child has
  int closed[2];  // the parent has
  ASSERT_EQ(pipe2(looked, O_CLOEXEC), 0);
  ASSERT_EQ(pipe2(closed, O_CLOEXEC), 0);
  const pid_t child = fork();
  if (child == 0) {
    char byte = 0;
    ::close(closed[1]);
    bool is_right = GetParam().write(held) == FIRN_FORKED && GetParam().read(held) == FIRN_FORKED && try_open(path_) == FIRN_LOCKED;
    is_right = is_right && GetParam().close(held) == FIRN_FORKED && try_open(path_) == FIRN_LOCKED;
    ::close(looked[1]);
    (void)!::read(closed[0], &byte, 1);
    _exit(is_right ? 0 : 1);
  }
  char byte = 0;
  ::close(looked[1]);
  ::close(closed[0]);
  EXPECT_EQ(::read(looked[0], &byte, 1), 0);
  EXPECT_EQ(GetParam().read(held), 5);
  close(held);
  EXPECT_EQ(try_open(path_), FIRN_OK);  // the child is still there
  ::close(closed[1]);
  ::close(looked[0]);
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_P(OneOwner, a_lock_whose_holder_was_killed_is_free_and_what_was_written_is_there) {
  if (!kChildMayStartThreads) GTEST_SKIP() << "SKIPPED: ThreadSanitizer does not support threads in a forked process";
  const int result = in_child([&] {
    void* held = hold();
    if (held == nullptr) return 1;
    raise(SIGKILL);
    return 2;
  });
  EXPECT_EQ(result, 1000 + SIGKILL);
  EXPECT_TRUE(fs::exists(path_ + "/LOCK"));
  void* again = open(path_);
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(GetParam().read(again), 5);
  close(again);
}

TEST_P(OneOwner, readers_open_beside_a_writer_and_take_no_lock) {
  void* held = hold();
  void* first = open(path_, "read_only=true");
  void* second = open(path_, "read_only=true");
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(GetParam().read(first), 5);
  EXPECT_EQ(GetParam().write(second), FIRN_READ_ONLY);
  EXPECT_EQ(try_open(path_), FIRN_LOCKED);
  close(held);
  EXPECT_EQ(try_open(path_), FIRN_OK);  // the readers hold nothing
  EXPECT_EQ(GetParam().read(first), 5);
  close(first);
  close(second);
}

TEST_P(OneOwner, a_reader_writes_nothing) {
  close(hold());
  const auto shape = [&] {
    std::map<std::string, std::pair<uintmax_t, fs::file_time_type>> files;
    for (const auto& entry : fs::recursive_directory_iterator(path_))
      files[entry.path()] = {entry.is_regular_file() ? entry.file_size() : 0, entry.last_write_time()};
    return files;
  };
  const auto before = shape();
  void* reader = open(path_, "read_only=true");
  ASSERT_NE(reader, nullptr);
  EXPECT_EQ(GetParam().read(reader), 5);
  close(reader);
  EXPECT_EQ(shape(), before);
}

TEST_P(OneOwner, no_descriptor_goes_over_an_exec) {
  void* held = hold();
  void* reader = open(path_, "read_only=true,log_io=pwrite");
  ASSERT_NE(reader, nullptr);
  if (std::string(GetParam().name) == "database") {
    EXPECT_GE(firn_notify_fd(static_cast<firn_db*>(held)), 0);
  } else {
    EXPECT_GE(firn_log_notify_fd(static_cast<firn_log*>(held)), 0);
  }
  const std::string listing = temporary_.path() + "/listing";
  EXPECT_EQ(system(("exec ls -l /proc/self/fd/ > " + listing).c_str()), 0);
  std::ifstream file(listing);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  EXPECT_NE(text.find("/fd"), std::string::npos) << text;
  EXPECT_EQ(text.find(path_), std::string::npos) << text;
  EXPECT_EQ(text.find("eventfd"), std::string::npos) << text;
  close(reader);
  close(held);
}

TEST_P(OneOwner, only_the_owner_may_read_or_write_whatever_the_umask) {
  for (const mode_t mask : {0000u, 0022u, 0077u, 0277u, 0777u}) {
    const std::string path = path_ + std::to_string(mask);
    const mode_t before = umask(mask);
    void* held = open(path);
    ASSERT_NE(held, nullptr) << mask;
    EXPECT_GE(GetParam().write(held), 0);
    close(held);
    void* again = open(path);  // a second one makes other files
    ASSERT_NE(again, nullptr) << mask;
    EXPECT_GE(GetParam().write(again), 0);
    umask(before);
    size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      struct stat status = {};
      ASSERT_EQ(lstat(entry.path().c_str(), &status), 0);
      EXPECT_EQ(status.st_mode & 07777, entry.is_directory() ? 0700u : 0600u) << entry.path() << " under umask " << mask;
      files += entry.is_regular_file();
    }
    struct stat status = {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700u);
    EXPECT_GE(files, 3u);
    close(again);
  }
}

TEST_P(OneOwner, a_symbolic_link_in_the_place_of_any_file_or_folder_is_refused_and_nothing_is_written_through_it) {
  close(hold());
  std::vector<fs::path> places;
  for (const auto& entry : fs::recursive_directory_iterator(path_)) places.push_back(fs::relative(entry.path(), path_));
  ASSERT_GE(places.size(), 3u);
  size_t tried = 0;
  for (const fs::path& place : places) {
    const fs::path outside = temporary_.path() + "/outside";
    fs::remove_all(outside);
    fs::rename(fs::path(path_) / place, outside);
    fs::create_symlink(outside, fs::path(path_) / place);
    const auto written = fs::last_write_time(outside);
    for (const char* text : {"read_only=true", "", "verify_on_open=true"}) {
      if (place == "LOCK" && std::string(text) == "read_only=true") continue;  // a reader takes no lock
      firn_error error = FIRN_ERROR_INIT;
      void* handle = open(path_, text, &error);
      int64_t code = error.code;
      if (handle != nullptr) {
        code = GetParam().read(handle);
        GetParam().close(handle);
      }
      tried++;
      EXPECT_TRUE(code == FIRN_NOT_A_DATABASE || code == FIRN_CORRUPT) << place << " " << text << ": " << code;
    }
    EXPECT_EQ(fs::last_write_time(outside), written) << place;
    fs::remove(fs::path(path_) / place);
    fs::rename(outside, fs::path(path_) / place);
  }
  std::printf("[ figures  ] %s: %zu openings through a link\n", GetParam().name, tried);
  EXPECT_EQ(try_open(path_), FIRN_OK);
}

std::string name_of(const testing::TestParamInfo<Kind>& kind) { return kind.param.name; }
INSTANTIATE_TEST_SUITE_P(Kinds, OneOwner, testing::ValuesIn(kKinds), name_of);

}  // namespace
