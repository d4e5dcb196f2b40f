// levels, table, wal, manifest, explain-key through the real binary: on whole databases, on damaged ones, and beside a writer.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "json_reader.h"
#include "tests/cli/firn_command.h"

namespace firn::cli {
namespace {

class Inspect : public CliTest {
 protected:
  static std::vector<JsonMember> members_of(const std::string& json) {
    std::vector<JsonMember> members;
    EXPECT_TRUE(JsonReader(json, 16).read_object(members)) << json;
    return members;
  }
  static std::string member(const std::string& json, const std::string& path) {
    for (const JsonMember& member : members_of(json)) {
      if (member.path == path) return member.text;
    }
    return "(missing)";
  }
  // Two runs: an older one with all keys, a newer one with one overwritten, one deleted, one that expires.
  void make_two_runs() {
    std::string lines;
    for (int i = 100; i < 200; ++i) lines += "key" + std::to_string(i) + "\tfirst\n";
    firn_ok({"load", db()}, lines);
    firn_ok({"put", db(), "key150", "second"});
    firn_ok({"del", db(), "key160"});
    firn_ok({"put", db(), "key170", "brief", "--ttl", "1h"});
  }
};

TEST_F(Inspect, LevelsAndTableTellWhatTheFootersSay) {
  make_two_runs();
  firn_ok({"compact", db()});
  const std::string json = firn_ok({"levels", db(), "--json"});
  EXPECT_EQ(member(json, "runs.0.tables.0.entries"), "99");
  EXPECT_EQ(member(json, "runs.0.tables.0.tombstones"), "0");
  EXPECT_EQ(member(json, "runs.0.tables.0.expiring"), "1");
  EXPECT_EQ(member(json, "runs.0.tables.0.smallest.key_hex"), hex_of("key100"));
  EXPECT_EQ(member(json, "runs.0.tables.0.largest.key_hex"), hex_of("key199"));
  const std::string text = firn_ok({"levels", db()});
  EXPECT_NE(text.find("key100"), std::string::npos) << text;
  EXPECT_NE(text.find(" 99 "), std::string::npos) << text;
  const std::string number = member(json, "runs.0.tables.0.table");
  EXPECT_EQ(member(firn_ok({"table", db(), number, "--json"}), "entries"), "99");
  EXPECT_NE(firn_ok({"table", db(), number}).find("\nentries          99\n"), std::string::npos);
  EXPECT_EQ(firn({"table", db(), "9999"}).status, 1);
  EXPECT_EQ(firn_on_terminal({"levels", db()}, "", "", {"TERM=xterm"}).out, text);
}

TEST_F(Inspect, ADamagedTableIsShownInItsPlace) {
  make_two_runs();
  firn_ok({"compact", db()});
  for (const auto& file : std::filesystem::directory_iterator(db() + "/tables")) {
    std::string content = read_file(file.path());
    content[content.size() - 30] = static_cast<char>(content[content.size() - 30] ^ 1);
    write_file(file.path(), content);
  }
  EXPECT_EQ(firn({"count", db()}).status, 4);
  const std::string json = firn_ok({"levels", db(), "--json"});
  EXPECT_EQ(member(json, "runs.0.tables.0.error.code"), "-13");
  EXPECT_NE(member(json, "runs.0.tables.0.error.file"), "(missing)");
  EXPECT_NE(firn_ok({"levels", db()}).find("DAMAGED: "), std::string::npos);
  EXPECT_NE(firn_ok({"table", db(), member(json, "runs.0.tables.0.table")}).find("DAMAGED"), std::string::npos);
  EXPECT_EQ(firn({"explain-key", db(), "key150"}).status, 4);
}

TEST_F(Inspect, TheManifestNamesEveryFile) {
  make_two_runs();
  const std::string json = firn_ok({"manifest", db(), "--json"});
  EXPECT_EQ(member(json, "closed_clean"), "true");
  const std::string text = firn_ok({"manifest", db()});
  for (const char* const folder : {"manifest", "wal", "tables"}) {
    for (const auto& file : std::filesystem::directory_iterator(db() + "/" + folder)) {
      EXPECT_NE(text.find(std::string(folder) + "/" + file.path().filename().string()), std::string::npos) << text;
    }
  }
  EXPECT_EQ(firn({"manifest", path("nothing")}).status, 1);
  std::filesystem::create_directory(path("other"));
  write_file(path("other") + "/file", "x");
  EXPECT_EQ(firn({"manifest", path("other")}).status, 2);
  std::filesystem::resize_file(std::filesystem::directory_iterator(db() + "/manifest")->path(), 100);
  EXPECT_EQ(firn({"manifest", db()}).status, 4);
}

TEST_F(Inspect, ExplainKeyFindsVersionsInTheLogOfALiveWriterAndInTables) {
  make_two_runs();
  firn_ok({"put", db(), "k", "v", "--ns", "other"});
  int pipe_fds[2];
  ASSERT_EQ(::pipe2(pipe_fds, O_CLOEXEC), 0);
  const int null_fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  const pid_t writer = start_firn({"load", db(), "--acks", path("acks")}, pipe_fds[0], null_fd, null_fd);
  ::close(pipe_fds[0]);
  ASSERT_EQ(::write(pipe_fds[1], "key150\tthird\nkey150\tfourth\n", 27), 27);
  while (read_file(path("acks")) != "key150\nkey150\n") ::usleep(1000);

  const std::string json = firn_ok({"explain-key", db(), "key150", "--json"});
  EXPECT_EQ(member(json, "answer"), "found");
  EXPECT_EQ(member(json, "versions.0.in"), "log");
  EXPECT_EQ(member(json, "versions.0.value_bytes"), "6");
  EXPECT_EQ(member(json, "versions.1.in"), "log");
  EXPECT_EQ(member(json, "versions.1.value_bytes"), "5");
  EXPECT_EQ(member(json, "versions.2.in"), "table");
  EXPECT_GT(std::stoull(member(json, "versions.0.version")), std::stoull(member(json, "versions.1.version")));
  EXPECT_GT(std::stoull(member(json, "versions.1.version")), std::stoull(member(json, "versions.2.version")));
  // The bytes of the key lie where the answer says: behind the entry's header of 24 bytes.
  const std::string segment = read_file(db() + "/" + member(json, "versions.0.file"));
  EXPECT_EQ(segment.substr(std::stoull(member(json, "versions.0.offset")) + 24, 12), "key150fourth");
  const std::string text = firn_ok({"explain-key", db(), "key150"});
  EXPECT_TRUE(text.starts_with("a reader gets: found\n")) << text;
  EXPECT_NE(text.find("wal/"), std::string::npos) << text;

  const std::string wal = firn_ok({"wal", db(), "--json"});
  EXPECT_EQ(member(wal, "segments.0.state"), "live");
  EXPECT_EQ(member(wal, "segments.0.entries"), "2");
  EXPECT_EQ(member(wal, "segments.0.bytes_behind"), "0");
  EXPECT_NE(firn_ok({"wal", db()}).find("live"), std::string::npos);
  ::close(pipe_fds[1]);
  ::close(null_fd);
  EXPECT_EQ(wait_for(writer), 0);

  EXPECT_EQ(firn_ok({"explain-key", db(), "key160"}).find("a reader gets: found"), std::string::npos) << "deleted";
  EXPECT_EQ(member(firn_ok({"explain-key", db(), "key999", "--json"}), "answer"), "absent");
  EXPECT_EQ(member(firn_ok({"explain-key", db(), "key170", "--json"}), "answer"), "found");
  EXPECT_EQ(member(firn_ok({"explain-key", db(), "k", "--ns", "other", "--json"}), "answer"), "found");
  EXPECT_EQ(firn({"explain-key", db(), "k", "--ns", "nobody"}).status, 1);
  EXPECT_EQ(firn({"explain-key", db(), ""}).status, 2);
  // cas takes the version that explain-key shows.
  const std::string version = member(firn_ok({"explain-key", db(), "key170", "--json"}), "versions.0.version");
  EXPECT_EQ(firn_ok({"cas", db(), "key170", "next", "--version", version}), "swapped\n");
}

}  // namespace
}  // namespace firn::cli
