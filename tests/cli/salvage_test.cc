// salvage through the real binary: of a whole database, of damaged ones, of none.
#include <filesystem>

#include "tests/cli/firn_command.h"

namespace firn::cli {
namespace {

class Salvage : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    std::string lines;
    for (int i = 1000; i < 9000; ++i) lines += "key" + std::to_string(i) + "\tvalue of " + std::to_string(i) + "\n";
    firn_ok({"load", db()}, lines);
    firn_ok({"put", db(), "k", "v", "--ns", "other"});
    firn_ok({"compact", db()});
  }
  void flip(const std::filesystem::path& file, double part) const {
    std::string content = read_file(file);
    const auto at = static_cast<size_t>(static_cast<double>(content.size()) * part);
    content[at] = static_cast<char>(content[at] ^ 1);
    write_file(file, content);
  }
};

TEST_F(Salvage, AWholeDatabaseComesOutAsItWas) {
  EXPECT_TRUE(firn_ok({"salvage", db(), path("to"), "--dry-run"}).starts_with("dry run, nothing has changed: Read what can be read of "));
  EXPECT_FALSE(std::filesystem::exists(path("to")));
  const std::string told = firn_ok({"salvage", db(), path("to")});
  EXPECT_TRUE(told.starts_with("salvaged 8,00")) << told;
  EXPECT_TRUE(told.ends_with("nothing was lost\n")) << told;
  EXPECT_EQ(firn_ok({"dump", path("to")}), firn_ok({"dump", db()}));
  EXPECT_EQ(firn({"salvage", db(), path("to")}).status, 2) << "it is there already";
  EXPECT_EQ(firn({"salvage", path("nothing"), path("to2")}).status, 1);
}

TEST_F(Salvage, ADamagedTableGivesTheRestAndTheLossIsNamed) {
  for (const auto& file : std::filesystem::directory_iterator(db() + "/tables")) flip(file.path(), 0.3);
  EXPECT_EQ(firn({"check", db()}).status, 4);
  const Outcome text = firn({"salvage", db(), path("to")});
  EXPECT_EQ(text.status, 4) << text.err;
  EXPECT_TRUE(text.out.starts_with("lost: ")) << text.out;
  EXPECT_NE(text.out.find(".tbl at "), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("\nsalvaged "), std::string::npos) << text.out;
  EXPECT_EQ(firn_ok({"check", path("to")}), "ok: every checksum verifies\n");
  const int left = std::stoi(firn_ok({"count", path("to")}));
  EXPECT_GT(left, 4000);
  EXPECT_LT(left, 8000);
  const Outcome json = firn({"salvage", db(), path("to2"), "--json"});
  EXPECT_EQ(json.status, 4);
  EXPECT_TRUE(json.out.starts_with("{\"tables\":1,\"tables_damaged\":1,\"tables_lost\":0,")) << json.out;
  const size_t lost_at = json.out.find("\"entries_lost\":") + 15;
  EXPECT_EQ(left + std::stoi(json.out.substr(lost_at)), 8000) << "what is lost is told exactly: " << json.out;
  EXPECT_NE(json.out.find("\"list\":[{\"kind\":\"range\",\"code\":\"FIRN_CORRUPT\","), std::string::npos) << json.out;
  EXPECT_EQ(firn_on_terminal({"salvage", db(), path("to3")}, "", "", {"TERM=xterm"}).status, 4);
}

}  // namespace
}  // namespace firn::cli
