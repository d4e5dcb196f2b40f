// incr, cas, ttl, put --ttl through the real binary, in a pipe and on a terminal.
#include "tests/cli/firn_command.h"

namespace firn::cli {
namespace {

using ValueCommands = CliTest;

TEST_F(ValueCommands, IncrCountsFromNothingAndPrintsTheNewValue) {
  EXPECT_EQ(firn_ok({"incr", db(), "hits"}), "1\n");
  EXPECT_EQ(firn_ok({"incr", db(), "hits", "41"}), "42\n");
  EXPECT_EQ(firn_ok({"incr", db(), "hits", "--json", "--", "-50"}), "{\"key\":\"hits\",\"counter\":-8}\n");
  EXPECT_EQ(firn_ok({"incr", db(), "hits", "--ns", "other"}), "1\n");
  firn_ok({"put", db(), "text", "not a counter"});
  const Outcome mismatch = firn({"incr", db(), "text"});
  EXPECT_EQ(mismatch.status, 2);
  EXPECT_NE(mismatch.err.find("(FIRN_TYPE_MISMATCH)"), std::string::npos) << mismatch.err;
  EXPECT_EQ(firn({"incr", db(), "hits", "much"}).status, 2);
}

TEST_F(ValueCommands, CasSwapsOnlyWhatIsExpected) {
  EXPECT_EQ(firn({"cas", db(), "k", "v"}).status, 2) << "no condition";
  EXPECT_EQ(firn_ok({"cas", db(), "k", "v", "--absent"}), "swapped\n");
  const Outcome present = firn({"cas", db(), "k", "w", "--absent"});
  EXPECT_EQ(present.status, 3);
  EXPECT_NE(present.err.find("(FIRN_CONFLICT)"), std::string::npos) << present.err;
  EXPECT_EQ(firn({"cas", db(), "k", "w", "--old", "other"}).status, 3);
  EXPECT_EQ(firn_ok({"get", db(), "k"}), "v");
  EXPECT_EQ(firn_ok({"cas", db(), "k", "w", "--old", "v", "--json"}), "{\"key\":\"k\",\"swapped\":true}\n");
  EXPECT_EQ(firn_ok({"get", db(), "k"}), "w");
  EXPECT_EQ(firn({"cas", db(), "k", "x", "--version", "999999"}).status, 3);
  EXPECT_EQ(firn({"cas", db(), "k", "x", "--version", "1", "--absent"}).status, 2);
  EXPECT_EQ(firn_ok({"cas", db(), "6b", "78", "--old", "77", "--hex"}), "swapped\n");
  EXPECT_EQ(firn_ok({"get", db(), "k"}), "x");
}

TEST_F(ValueCommands, TtlIsShownSetAndCleared) {
  firn_ok({"put", db(), "k", "v"});
  EXPECT_EQ(firn_ok({"ttl", db(), "k"}), "never expires\n");
  EXPECT_EQ(firn_ok({"ttl", db(), "k", "--json"}), "{\"key\":\"k\",\"expires\":false}\n");
  EXPECT_TRUE(firn_ok({"ttl", db(), "k", "--set", "50h"}).starts_with("expires in 2d "));
  EXPECT_TRUE(firn_ok({"ttl", db(), "k", "--json"}).starts_with("{\"key\":\"k\",\"expires\":true,\"ttl_ms\":1"));
  EXPECT_EQ(firn_ok({"ttl", db(), "k", "--clear"}), "never expires\n");
  firn_ok({"put", db(), "short", "v", "--ttl", "1ms"});
  firn_ok({"put", db(), "long", "v", "--ttl", "5m"});
  EXPECT_TRUE(firn_ok({"ttl", db(), "long"}).starts_with("expires in "));
  EXPECT_EQ(firn({"get", db(), "short"}).status, 1) << "expired";
  EXPECT_EQ(firn({"ttl", db(), "short"}).status, 1);
  EXPECT_EQ(firn({"ttl", db(), "k", "--set", "1h", "--clear"}).status, 2);
  for (const char* const bad : {"10", "s", "0s", "-1s", "1w", "1.5s", "99999999999999999999d"}) {
    const Outcome outcome = firn({"put", db(), "k", "v", "--ttl", bad});
    EXPECT_EQ(outcome.status, 2) << bad;
  }
}

TEST_F(ValueCommands, ATerminalSeesTheSame) {
  const std::vector<std::string> environment{"TERM=xterm", "NO_COLOR="};
  const Outcome counted = firn_on_terminal({"incr", db(), "hits"}, "", "", environment);
  EXPECT_EQ(counted.status, 0);
  EXPECT_EQ(counted.out, "1\n");
  EXPECT_EQ(counted.err, "");
  EXPECT_EQ(firn_on_terminal({"ttl", db(), "hits"}, "", "", environment).out, "never expires\n");
  const Outcome refused = firn_on_terminal({"cas", db(), "hits", "x", "--old", "y"}, "", "", environment);
  EXPECT_EQ(refused.status, 3);
  EXPECT_NE(refused.err.find("\033[31mfirn:"), std::string::npos) << refused.err;
}

TEST_F(ValueCommands, ADryRunChangesNothing) {
  firn_ok({"put", db(), "k", "v", "--ns", "things"});
  const std::string told = firn_ok({"ns", "drop", db(), "things", "--dry-run"});
  EXPECT_TRUE(told.starts_with("dry run, nothing has changed: Drop the namespace 'things'")) << told;
  EXPECT_TRUE(firn_ok({"ns", "clear", db(), "things", "--dry-run", "--json"}).starts_with("{\"dry_run\":true,\"would\":\"Clear"));
  EXPECT_EQ(firn_ok({"count", db(), "--ns", "things"}), "1\n");
  firn_ok({"log", "append", path("log")}, "a\nb\n");
  EXPECT_NE(firn_ok({"log", "trim", path("log"), "--before", "1", "--dry-run"}).find("Remove the records before 1"), std::string::npos);
  EXPECT_EQ(firn_ok({"log", "read", path("log")}), "a\nb\n");
  EXPECT_EQ(firn({"log", "trim", path("log"), "--before", "1"}).status, 2) << "nobody confirmed";
  EXPECT_EQ(firn_on_terminal({"log", "trim", path("log"), "--before", "1"}, "", "y\n", {"TERM=xterm"}).status, 0);
  EXPECT_EQ(firn_ok({"log", "read", path("log")}), "b\n");
}

}  // namespace
}  // namespace firn::cli
