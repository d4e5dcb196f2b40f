// The option table: what reflection says is what setting takes.
#include "db/options.h"

#include <gtest/gtest.h>

#include <string>

#include "firn.h"

namespace {

using firn::Code;
using firn::DbOptions;

struct Info {
  firn_option_info info = FIRN_OPTION_INFO_INIT;
  explicit Info(uint32_t i) { EXPECT_EQ(firn_option_info_at(i, &info), FIRN_OK); }
};

bool same(const DbOptions& a, const DbOptions& b) {
  return a.create_if_missing == b.create_if_missing && a.error_if_exists == b.error_if_exists && a.read_only == b.read_only &&
         a.single_threaded == b.single_threaded && a.verify_on_open == b.verify_on_open && a.durability == b.durability &&
         a.durability_every_count == b.durability_every_count && a.durability_interval_ms == b.durability_interval_ms &&
         a.memtable_bytes == b.memtable_bytes && a.cache_bytes == b.cache_bytes && a.compression == b.compression && a.log_io == b.log_io &&
         a.table_io == b.table_io && a.background_thread_count == b.background_thread_count && a.lock_timeout_ms == b.lock_timeout_ms;
}

DbOptions all_different() {
  DbOptions options;
  options.create_if_missing = false;
  options.error_if_exists = options.read_only = options.single_threaded = options.verify_on_open = true;
  options.durability = firn::Durability::kEvery;
  options.durability_every_count = 7;
  options.memtable_bytes = options.cache_bytes = 123456;
  options.compression = firn::Compression::kLz4;
  options.log_io = firn::LogIo::kPwrite;
  options.table_io = firn::TableIo::kPread;
  options.background_thread_count = 9;
  options.lock_timeout_ms = 9;
  return options;
}

TEST(Options, setting_every_default_gives_the_default_options) {
  DbOptions options = all_different();
  for (uint32_t i = 0; i < firn_option_count(); ++i) {
    const Info option(i);
    EXPECT_EQ(firn::set_option(&options, option.info.name, std::string_view(option.info.default_value)), Code::kOk) << option.info.name;
  }
  EXPECT_TRUE(same(options, DbOptions{}));
}

TEST(Options, every_option_is_fully_described_and_unique) {
  std::string names;
  for (uint32_t i = 0; i < firn_option_count(); ++i) {
    const Info option(i);
    EXPECT_GE(option.info.flags, FIRN_OPTION_FOR_DB);
    EXPECT_LE(option.info.flags, FIRN_OPTION_FOR_DB | FIRN_OPTION_FOR_LOG);
    for (const char* text : {option.info.name, option.info.type, option.info.default_value, option.info.range, option.info.text}) {
      ASSERT_NE(text, nullptr);
      EXPECT_NE(*text, '\0') << option.info.name;
    }
    const std::string marked = "|" + std::string(option.info.name) + "|";
    EXPECT_EQ(names.find(marked), std::string::npos) << marked;
    names += marked;
  }
  firn_option_info info = FIRN_OPTION_INFO_INIT;
  EXPECT_EQ(firn_option_info_at(firn_option_count(), &info), FIRN_INVALID);
  EXPECT_EQ(firn_option_info_at(0, nullptr), FIRN_INVALID);
}

TEST(Options, an_older_option_info_is_filled_up_to_its_size_with_whole_pointers) {
  firn_option_info info;
  memset(&info, 0x55, sizeof info);
  info.struct_size = offsetof(firn_option_info, default_value) + 3;
  ASSERT_EQ(firn_option_info_at(0, &info), FIRN_OK);
  EXPECT_STREQ(info.name, "create_if_missing");
  EXPECT_STREQ(info.type, "bool");
  EXPECT_EQ(reinterpret_cast<uintptr_t>(info.default_value), 0x5555555555555555u);
  EXPECT_EQ(info.struct_size, offsetof(firn_option_info, default_value) + 3);
}

// "lo..hi" of numbers: both ends are taken, one beyond is not.
TEST(Options, numeric_ranges_are_what_the_table_says) {
  int checked = 0;
  for (uint32_t i = 0; i < firn_option_count(); ++i) {
    const Info option(i);
    const std::string range = option.info.range;
    const size_t dots = range.find("..");
    if (dots == std::string::npos || range.find('|') != std::string::npos) continue;
    const std::string type = option.info.type;
    const auto field = [&](const DbOptions& o) {
      const std::string name = option.info.name;
      return name == "memtable_bytes"            ? o.memtable_bytes
             : name == "cache_bytes"             ? o.cache_bytes
             : name == "background_threads"      ? o.background_thread_count
             : name == "changes_retention_bytes" ? o.changes_retention_bytes
             : name == "changes_retention_ms"    ? o.changes_retention_ms
             : name == "segment_bytes"           ? o.segment_bytes
             : name == "retention_bytes"         ? o.retention_bytes
             : name == "retention_ms"            ? o.retention_ms
                                                 : o.lock_timeout_ms;
    };
    DbOptions options;
    for (const bool upper : {false, true}) {
      const std::string end = upper ? range.substr(dots + 2) : range.substr(0, dots);
      ASSERT_EQ(firn::set_option(&options, option.info.name, std::string_view(end)), Code::kOk) << option.info.name << " " << end;
      const uint64_t value = field(options);
      const uint64_t beyond = upper ? value + 1 : value - 1;
      EXPECT_EQ(firn::set_option(&options, option.info.name, beyond), Code::kInvalid) << option.info.name << " " << beyond;
      EXPECT_EQ(field(options), value);
      EXPECT_EQ(firn::set_option(&options, option.info.name, value), Code::kOk);
    }
    ++checked;
  }
  EXPECT_EQ(checked, 9);
}

TEST(Options, every_word_of_an_enum_is_taken_or_not_built_in) {
  for (uint32_t i = 0; i < firn_option_count(); ++i) {
    const Info option(i);
    if (std::string(option.info.type) != "enum") continue;
    std::string rest = option.info.range;
    while (!rest.empty()) {
      const std::string word = rest.substr(0, rest.find('|'));
      rest.erase(0, word.size() + (word.size() < rest.size() ? 1 : 0));
      DbOptions options;
      const Code code = firn::set_option(&options, option.info.name, std::string_view(word));
      EXPECT_TRUE(code == Code::kOk || code == Code::kUnsupported) << word;
    }
  }
}

TEST(Options, numbers_carry_units_and_nothing_else) {
  DbOptions options;
  const auto memtable = [&](std::string_view text) { return firn::set_option(&options, "memtable_bytes", text); };
  EXPECT_EQ(memtable("8MiB"), Code::kOk);
  EXPECT_EQ(options.memtable_bytes, 8u << 20);
  EXPECT_EQ(memtable("4096"), Code::kOk);
  EXPECT_EQ(memtable("64KiB"), Code::kOk);
  for (const char* bad : {"", "MiB", "8 MiB", " 8MiB", "8MiB ", "+8MiB", "-8MiB", "8MB", "8kib", "8.5MiB", "0x10000", "8MiBx", "1",
                          "18446744073709551616", "18446744073709551615TiB", "18014398509481988KiB" /* 4 KiB modulo 2^64 */}) {
    EXPECT_EQ(memtable(bad), Code::kInvalid) << bad;
  }
  EXPECT_EQ(options.memtable_bytes, 64u << 10);
  const auto timeout = [&](std::string_view text) { return firn::set_option(&options, "lock_timeout_ms", text); };
  EXPECT_EQ(timeout("2s"), Code::kOk);
  EXPECT_EQ(options.lock_timeout_ms, 2000u);
  EXPECT_EQ(timeout("15ms"), Code::kOk);
  EXPECT_EQ(timeout("7"), Code::kOk);
  EXPECT_EQ(timeout("7us"), Code::kInvalid);
  EXPECT_EQ(timeout("7KiB"), Code::kInvalid);
  EXPECT_EQ(firn::set_option(&options, "background_threads", std::string_view("2KiB")), Code::kInvalid);
}

TEST(Options, durability_is_parsed_strictly) {
  DbOptions options;
  const auto set = [&](std::string_view text) { return firn::set_option(&options, "durability", text); };
  EXPECT_EQ(set("every:100"), Code::kOk);
  EXPECT_EQ(options.durability, firn::Durability::kEvery);
  EXPECT_EQ(options.durability_every_count, 100u);
  EXPECT_EQ(set("interval:10ms"), Code::kOk);
  EXPECT_EQ(options.durability, firn::Durability::kInterval);
  EXPECT_EQ(options.durability_interval_ms, 10u);
  EXPECT_EQ(options.durability_every_count, 0u);
  EXPECT_EQ(set("interval:2s"), Code::kOk);
  EXPECT_EQ(options.durability_interval_ms, 2000u);
  for (const char* bad : {"", "Sync", "every", "every:", "every:0", "every:-1", "every:1000000001", "every:1ms", "interval:", "interval:10",
                          "interval:0ms", "interval:s", "interval:86401s", "none ", "sync:1"}) {
    EXPECT_EQ(set(bad), Code::kInvalid) << bad;
  }
  EXPECT_EQ(options.durability_interval_ms, 2000u);
  for (const char* good : {"none", "process", "sync"}) EXPECT_EQ(set(good), Code::kOk) << good;
}

TEST(Options, a_list_is_taken_whole_or_not_at_all) {
  DbOptions options;
  EXPECT_EQ(firn::parse_options(&options, " durability = sync ,\tread_only=true"), Code::kOk);
  EXPECT_EQ(options.durability, firn::Durability::kSync);
  EXPECT_TRUE(options.read_only);
  EXPECT_EQ(firn::parse_options(&options, ""), Code::kOk);
  EXPECT_EQ(firn::parse_options(&options, "  "), Code::kOk);
  const DbOptions before = options;
  for (const char* bad : {"read_only=false,nonsense=1", "read_only=false,", ",read_only=false", "read_only=false,,durability=none",
                          "read_only", "=true", "read_only=", "read_only=false=true", "read_only=false;durability=none"}) {
    EXPECT_EQ(firn::parse_options(&options, bad), Code::kInvalid) << bad;
    EXPECT_TRUE(same(options, before)) << bad;
  }
}

TEST(Options, options_for_logs_are_known_and_a_database_refuses_to_open_with_them) {
  for (const char* name : {"segment_bytes", "retention_bytes", "retention_ms"}) {
    firn_options* options = firn_options_new();
    EXPECT_EQ(firn_options_set(options, name, "8192"), FIRN_OK) << name;
    firn_error error = FIRN_ERROR_INIT;
    EXPECT_EQ(firn_open(":memory:", options, &error), nullptr);
    EXPECT_EQ(error.code, FIRN_INVALID);
    firn_options_free(options);
  }
  DbOptions options;
  for (const char* name : {"", "Durability", "segment"}) {
    EXPECT_EQ(firn::set_option(&options, name, std::string_view("1")), Code::kInvalid) << name;
    EXPECT_EQ(firn::set_option(&options, name, uint64_t{1}), Code::kInvalid) << name;
  }
}

TEST(Options, numbers_set_only_numbers_and_flags) {
  firn_options* options = firn_options_new();
  ASSERT_NE(options, nullptr);
  EXPECT_EQ(firn_options_set_u64(options, "memtable_bytes", 1 << 20), FIRN_OK);
  EXPECT_EQ(firn_options_set_u64(options, "read_only", 1), FIRN_OK);
  EXPECT_EQ(firn_options_set_u64(options, "read_only", 2), FIRN_INVALID);
  EXPECT_EQ(firn_options_set_u64(options, "durability", 1), FIRN_INVALID);
  EXPECT_EQ(firn_options_set_u64(options, "compression", 0), FIRN_INVALID);
  EXPECT_EQ(firn_options_set_u64(options, nullptr, 0), FIRN_INVALID);
  EXPECT_EQ(firn_options_set(options, "durability", "every:10"), FIRN_OK);
  EXPECT_EQ(firn_options_set(options, nullptr, "x"), FIRN_INVALID);
  EXPECT_EQ(firn_options_set(options, "durability", nullptr), FIRN_INVALID);
  EXPECT_EQ(firn_options_parse(options, "log_io=pwrite,table_io=pread"), FIRN_OK);
  EXPECT_EQ(firn_options_parse(options, nullptr), FIRN_INVALID);
  firn_options_free(options);
  EXPECT_EQ(firn_options_set(options, "durability", "none"), FIRN_CLOSED);
  firn_options_free(options);
}

}  // namespace
