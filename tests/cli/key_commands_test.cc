// get, put, del, scan, count and ns through the real binary.
#include <unistd.h>

#include "tests/cli/firn_command.h"

namespace firn::cli {
namespace {

using KeyCommands = CliTest;

TEST_F(KeyCommands, GetPrintsExactlyWhatWasPut) {
  EXPECT_EQ(firn_ok({"put", db(), "k", "value"}), "");
  EXPECT_EQ(firn_ok({"get", db(), "k"}), "value");
  EXPECT_EQ(firn_ok({"put", db(), "k"}, "from\nstandard input\n"), "");
  EXPECT_EQ(firn_ok({"get", db(), "k"}), "from\nstandard input\n");
  firn_ok({"put", db(), "empty", ""});
  EXPECT_EQ(firn_ok({"get", db(), "empty"}), "");
}

TEST_F(KeyCommands, AMissingKeyOrDatabaseIsStatusOneAndNothingIsCreated) {
  firn_ok({"put", db(), "k", "v"});
  const Outcome missing = firn({"get", db(), "nope"});
  EXPECT_EQ(missing.status, 1);
  EXPECT_EQ(missing.out, "");
  EXPECT_EQ(missing.err, "firn: there is no key 'nope' (FIRN_NOT_FOUND)\n");
  for (const char* const command : {"get", "del"}) EXPECT_EQ(firn({command, path("none"), "k"}).status, 1);
  for (const char* const command : {"scan", "count", "stat", "compact", "check"})
    EXPECT_EQ(firn({command, path("none")}).status, 1) << command;
  EXPECT_NE(::access(path("none").c_str(), F_OK), 0);
}

TEST_F(KeyCommands, DelIsIdempotentAndSaysInJsonWhetherTheKeyWasThere) {
  firn_ok({"put", db(), "k", "v"});
  EXPECT_EQ(firn_ok({"del", db(), "k", "--json"}), "{\"key\":\"k\",\"existed\":true}\n");
  EXPECT_EQ(firn_ok({"del", db(), "k", "--json"}), "{\"key\":\"k\",\"existed\":false}\n");
  EXPECT_EQ(firn({"get", db(), "k"}).status, 1);
}

TEST_F(KeyCommands, ArgumentsAreTakenAsTheyAreWhateverTheyLookLike) {
  const Arguments strange = {"[a,b]", "get", "ns", "%%", "'q'", "\"q\"", "a=b", "a b", "\\t", "{}", "-1", "--json", "--", "-h"};
  for (const std::string& word : strange) firn_ok({"put", db(), "--", word, word});
  for (const std::string& word : strange) EXPECT_EQ(firn_ok({"get", db(), "--", word}), word);
  EXPECT_EQ(firn_ok({"count", db()}), std::to_string(strange.size()) + "\n");
}

TEST_F(KeyCommands, HexCarriesEveryByteValueBothWays) {
  const std::string bytes = all_bytes();
  firn_ok({"put", db(), "--hex", hex_of(bytes), hex_of(bytes)});
  EXPECT_EQ(firn_ok({"get", db(), "--hex", hex_of(bytes)}), hex_of(bytes) + "\n");
  EXPECT_EQ(firn_ok({"scan", db(), "--hex"}), hex_of(bytes) + "\t" + hex_of(bytes) + "\n");
  firn_ok({"put", db(), "raw"}, bytes);
  EXPECT_EQ(firn_ok({"get", db(), "raw"}), bytes);
  for (const char byte : {'\0', '\t', '\n', '\x7f', '\x80', '\xff'}) {
    const std::string one(1, byte);
    firn_ok({"put", db(), "--hex", hex_of(one), hex_of(one)});
    EXPECT_EQ(firn_ok({"get", db(), "--hex", hex_of(one)}), hex_of(one) + "\n");
  }
  EXPECT_EQ(firn_ok({"count", db()}), "8\n");
  EXPECT_EQ(firn_ok({"scan", db(), "--hex", "--prefix", "ff", "--keys-only"}), "ff\n");
}

TEST_F(KeyCommands, BadHexIsAUsageError) {
  for (const char* const wrong : {"0", "zz", "0x01"}) {
    const Outcome outcome = firn({"put", db(), "--hex", wrong, "00"});
    EXPECT_EQ(outcome.status, 2) << wrong;
    EXPECT_NE(outcome.err.find("KEY is not hexadecimal"), std::string::npos) << outcome.err;
  }
}

TEST_F(KeyCommands, AnEmptyOrOverlongKeyIsAUsageError) {
  EXPECT_EQ(firn({"put", db(), "", "v"}).status, 2);
  EXPECT_EQ(firn({"put", db(), std::string(65536, 'k'), "v"}).status, 2);
  EXPECT_EQ(firn({"put", db(), std::string(65535, 'k'), "v"}).status, 0);
}

TEST_F(KeyCommands, JsonNamesAreStableAndBytesThatAreNotUtf8HaveTheirOwn) {
  EXPECT_EQ(firn_ok({"put", db(), "k", "\xc3\xa4\"", "--json"}), "{\"key\":\"k\",\"value_bytes\":3}\n");
  firn_ok({"put", db(), "raw"}, std::string("\xff\x00", 2));
  EXPECT_EQ(firn_ok({"get", db(), "k", "--json"}), "{\"key\":\"k\",\"value\":\"\xc3\xa4\\\"\"}\n");
  EXPECT_EQ(firn_ok({"--json", "get", db(), "raw"}), "{\"key\":\"raw\",\"value_base64\":\"/wA=\"}\n");
  EXPECT_EQ(firn_ok({"get", db(), "726177", "--json", "--hex"}), "{\"key_hex\":\"726177\",\"value_hex\":\"ff00\"}\n");
  EXPECT_EQ(firn_ok({"scan", db(), "--json", "--keys-only"}), "{\"key\":\"k\"}\n{\"key\":\"raw\"}\n");
  EXPECT_EQ(firn_ok({"count", db(), "--json"}), "{\"count\":2}\n");
  const Outcome missing = firn({"get", db(), "x", "--json"});
  EXPECT_EQ(missing.err, "{\"error\":{\"code\":\"FIRN_NOT_FOUND\",\"status\":-1,\"message\":\"there is no key 'x'\"}}\n");
}

TEST_F(KeyCommands, ScanKeepsOrderAndBounds) {
  firn_ok({"load", db()}, "b\t2\na1\t1\na2\t\nc\t3\n");
  EXPECT_EQ(firn_ok({"scan", db()}), "a1\t1\na2\t\nb\t2\nc\t3\n");
  EXPECT_EQ(firn_ok({"scan", db(), "--reverse", "--keys-only"}), "c\nb\na2\na1\n");
  EXPECT_EQ(firn_ok({"scan", db(), "--prefix", "a", "--keys-only"}), "a1\na2\n");
  EXPECT_EQ(firn_ok({"scan", db(), "--lower", "a2", "--upper", "c", "--keys-only"}), "a2\nb\n");
  EXPECT_EQ(firn_ok({"scan", db(), "--limit", "2", "--keys-only", "--reverse"}), "c\nb\n");
  EXPECT_EQ(firn_ok({"count", db(), "--lower", "a2"}), "3\n");
  EXPECT_EQ(firn_ok({"count", db(), "--prefix", "a", "--limit", "1"}), "1\n");
  EXPECT_EQ(firn({"scan", db(), "--upper", ""}).status, 2);
  EXPECT_EQ(firn({"scan", db(), "--limit", "0"}).status, 2);
  EXPECT_EQ(firn({"scan", db(), "--limit", "x"}).status, 2);
}

TEST_F(KeyCommands, ScanPrintsOneLineAnEntryAndNoControlByte) {
  firn_ok({"put", db(), "a\tb"}, std::string("x\ny\r\\\x1b\0", 7));
  EXPECT_EQ(firn_ok({"scan", db()}), "a\\tb\tx\\ny\\r\\\\\\x1b\\x00\n");
}

TEST_F(KeyCommands, NamespacesKeepTheirKeysApart) {
  firn_ok({"put", db(), "k", "default"});
  firn_ok({"put", db(), "--ns", "one", "k", "1"});
  EXPECT_EQ(firn_ok({"get", db(), "--ns", "one", "k"}), "1");
  EXPECT_EQ(firn_ok({"get", db(), "k"}), "default");
  EXPECT_EQ(firn({"get", db(), "--ns", "two", "k"}).status, 1);
  const std::string opened = firn_ok({"ns", "open", db(), "two", "--json"});
  EXPECT_EQ(firn_ok({"ns", "open", db(), "two", "--json"}), opened);
  const std::string listed = firn_ok({"ns", "list", db(), "--json"});
  EXPECT_NE(listed.find("\"name\":\"one\"}\n" + opened), std::string::npos) << listed;
}

TEST_F(KeyCommands, WhatDestroysWantsAYes) {
  firn_ok({"put", db(), "k", "v"});
  firn_ok({"put", db(), "--ns", "one", "k", "1"});
  for (const char* const verb : {"clear", "drop"}) {
    const Outcome refused = firn({"ns", verb, db(), "one"}, "y\n");
    EXPECT_EQ(refused.status, 2);
    EXPECT_NE(refused.err.find("--yes"), std::string::npos);
  }
  EXPECT_EQ(firn_ok({"get", db(), "--ns", "one", "k"}), "1");
  firn_ok({"ns", "clear", db(), "one", "--yes"});
  EXPECT_EQ(firn_ok({"count", db(), "--ns", "one"}), "0\n");
  firn_ok({"ns", "drop", db(), "one", "--yes"});
  EXPECT_EQ(firn({"count", db(), "--ns", "one"}).status, 1);
  EXPECT_EQ(firn_ok({"get", db(), "k"}), "v");
  EXPECT_EQ(firn({"ns", "drop", db(), "", "--yes"}).status, 2);
  firn_ok({"ns", "clear", db(), "--yes"});
  EXPECT_EQ(firn_ok({"count", db()}), "0\n");
}

}  // namespace
}  // namespace firn::cli
