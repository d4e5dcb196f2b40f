// bigkeys, bench, selftest, completion through the real binary.
#include <cstdlib>
#include <filesystem>

#include "tests/cli/firn_command.h"

namespace firn::cli {
namespace {

class Tools : public CliTest {
 protected:
  static bool has(const std::string& program) { return std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) == 0; }
  // The output of a shell that is given a script in a file.
  std::string shell(const std::string& command, const std::string& script) const {
    write_file(path("script"), script);
    const int status = std::system((command + " " + path("script") + " >" + path("shell.out") + " 2>&1 </dev/null").c_str());
    EXPECT_EQ(status, 0) << read_file(path("shell.out"));
    return read_file(path("shell.out"));
  }
};

TEST_F(Tools, BigkeysNamesTheLargestOfAllNamespaces) {
  for (int i = 1; i <= 30; ++i) firn_ok({"put", db(), "key" + std::to_string(i), std::string(static_cast<size_t>(i), 'v')});
  firn_ok({"put", db(), "huge", std::string(5000, 'v'), "--ns", "other"});
  const std::string text = firn_ok({"bigkeys", db(), "--limit", "2"});
  EXPECT_TRUE(text.starts_with("4.9 KiB\tother\thuge\n35 B\tkey30\nnamespace (default): 30 keys, ")) << text;
  const std::string json = firn_ok({"bigkeys", db(), "--limit", "1", "--json"});
  EXPECT_EQ(json,
            "{\"keys\":[{\"ns\":\"other\",\"key\":\"huge\",\"bytes\":5004}],\"namespaces\":[{\"ns\":\"\",\"entries\":30,\"key_bytes\":141,"
            "\"value_bytes\":465},{\"ns\":\"other\",\"entries\":1,\"key_bytes\":4,\"value_bytes\":5000}]}\n");
  EXPECT_EQ(firn({"bigkeys", db(), "--limit", "0"}).status, 2);
  EXPECT_EQ(firn_on_terminal({"bigkeys", db(), "--limit", "2"}, "", "", {"TERM=xterm"}).out, text);
}

TEST_F(Tools, BenchMeasuresFourPhasesAndLeavesNothingBehind) {
  const std::string text = firn_ok({"bench", "--entries", "2000", "-o", "durability=none"});
  for (const char* const name : {"put ", "\nget ", "\nget-miss ", "\nscan "}) EXPECT_NE(text.find(name), std::string::npos) << text;
  const std::string json = firn_ok({"bench", db(), "--entries", "500", "--value-bytes", "0", "--json"});
  EXPECT_TRUE(json.starts_with("{\"phase\":\"put\",\"operations\":500,\"seconds\":")) << json;
  EXPECT_NE(json.find("{\"phase\":\"scan\",\"operations\":500,"), std::string::npos) << json;
  EXPECT_EQ(firn_ok({"count", db()}), "500\n");
  EXPECT_EQ(firn({"bench", db(), "--entries", "1"}).status, 2) << "a database that is there is not touched";
  const Outcome shown = firn_on_terminal({"bench", "--entries", "2000"}, "", "", {"TERM=xterm"});
  EXPECT_EQ(shown.status, 0);
  EXPECT_NE(shown.err.find("put"), std::string::npos) << "progress";
}

TEST_F(Tools, SelftestKillsAndFindsEverything) {
  std::filesystem::create_directory(path("disk"));
  const std::string text = firn_ok({"selftest", path("disk"), "--rounds", "3", "--seed", "7"});
  EXPECT_TRUE(text.starts_with("ok: killed 3 times, ")) << text;
  EXPECT_TRUE(text.ends_with("(--seed 7)\n")) << text;
  EXPECT_EQ(firn_ok({"check", path("disk") + "/db"}), "ok: every checksum verifies\n");
  EXPECT_EQ(firn({"selftest", path("disk"), "--rounds", "1"}).status, 2) << "there is a database already";
  EXPECT_TRUE(firn_ok({"selftest", "--rounds", "1", "--json"}).starts_with("{\"ok\":true,\"kills\":1,\"acknowledged\":"));
}

TEST_F(Tools, SelftestFailsWhenTheWriterCannotWrite) {
  std::filesystem::create_directory(path("disk"));
  const Outcome outcome = firn({"selftest", path("disk"), "--rounds", "2", "--seed", "7", "-o", "read_only=true"});
  EXPECT_NE(outcome.status, 0) << "the writer cannot write";
  EXPECT_EQ(outcome.out, "");
}

TEST_F(Tools, BashCompletesCommandsOptionsAndValues) {
  const std::string script = firn_ok({"completion", "bash"});
  const auto complete = [&](const std::string& words, int at) {
    return shell("bash", script + "COMP_WORDS=(" + words + "); COMP_CWORD=" + std::to_string(at) +
                             "; _firn 2>/dev/null; echo \"${COMPREPLY[*]}\"\n");
  };
  EXPECT_EQ(complete("firn sc", 1), "scan\n");
  EXPECT_EQ(complete("firn ns dr", 2), "drop\n");
  EXPECT_EQ(complete("firn scan db --key", 3), "--keys-only\n");
  EXPECT_EQ(complete("firn load db --format ts", 4), "tsv\n");
  EXPECT_EQ(complete("firn put db -o durab", 4), "durability=\n");
  EXPECT_EQ(complete("firn log trim x --res", 4), "--reset\n");
}

TEST_F(Tools, CompletionKnowsWhatTheHelpKnows) {
  const std::string help = firn_ok({"--help"});
  for (const char* const name : {"bash", "zsh", "fish"}) {
    const std::string script = firn_ok({"completion", name});
    for (size_t at = help.find("\nSubcommands:"); (at = help.find("\n  ", at)) != std::string::npos && help[at + 3] != ' '; ++at) {
      const std::string command = help.substr(at + 3, help.find(' ', at + 3) - at - 3);
      EXPECT_NE(script.find(command), std::string::npos) << name << " does not know " << command;
    }
  }
  EXPECT_EQ(firn({"completion", "tcsh"}).status, 2);
}

TEST_F(Tools, ZshTakesItsScript) {
  if (!has("zsh")) GTEST_SKIP() << "SKIPPED: zsh is not there";
  const std::string script = firn_ok({"completion", "zsh"});
  EXPECT_EQ(shell("zsh -f", "autoload -U compinit; compinit -u -D\n" + script + "echo $_comps[firn]\n"), "_firn\n");
  // What the function would offer, with the two builtins that offer replaced by echo.
  EXPECT_EQ(shell("zsh -f", "compdef() { :; }\n" + script +
                                "_describe() { print -l -- ${(P)2} | grep '^--keys'; }; _files() { :; }\n"
                                "words=(firn scan db --k); CURRENT=4; _firn\n"),
            "--keys-only:Keys without values\n");
}

TEST_F(Tools, FishTakesItsScript) {
  if (!has("fish")) GTEST_SKIP() << "SKIPPED: fish is not there";
  const std::string script = firn_ok({"completion", "fish"});
  EXPECT_EQ(shell("HOME=" + path("") + " fish", script + "complete -C 'firn sel' | string split -f1 \\t\n"), "selftest\n");
  EXPECT_EQ(shell("HOME=" + path("") + " fish", script + "complete -C 'firn log tri' | string split -f1 \\t\n"), "trim\n");
  EXPECT_EQ(shell("HOME=" + path("") + " fish", script + "complete -C 'firn load db --format js' | string split -f1 \\t\n"), "jsonl\n");
}

}  // namespace
}  // namespace firn::cli
