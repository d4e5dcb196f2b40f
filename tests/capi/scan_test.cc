// Scans: windows, directions, formats, limits, seeks.
#include <map>
#include <memory>

#include "capi_fixture.h"

namespace {

using namespace firn_test;

struct IterCloser {
  void operator()(firn_iter* iter) const { firn_iter_close(iter); }
};
using IterPtr = std::unique_ptr<firn_iter, IterCloser>;

class ScanTest : public CapiTest {
 protected:
  void SetUp() override {
    CapiTest::SetUp();
    for (const char* key : {"a", "ab", "abc", "b", "ba", "c", "\xff", "\xff\xff"})
      ASSERT_EQ(put(db_, key, std::string("v") + key), FIRN_OK);
  }

  IterPtr scan(const firn_scan_opts& opts) {
    firn_error error = FIRN_ERROR_INIT;
    IterPtr iter(firn_scan(db_, nullptr, &opts, &error));
    code_ = error.code;
    EXPECT_EQ(iter == nullptr, error.code != FIRN_OK);
    return iter;
  }
  int32_t scan_code(const firn_scan_opts& opts) {
    scan(opts);
    return code_;
  }
  // Keys, comma-separated; checks that values belong to their keys.
  static std::string keys(firn_iter* iter) {
    std::string all;
    firn_kv kv[3];
    for (;;) {
      const int64_t count = firn_iter_entries(iter, kv, 3);
      if (count < 0) return firn_status_name(static_cast<int32_t>(count));
      if (count == 0) return all;
      for (int64_t i = 0; i < count; ++i) {
        const std::string key(reinterpret_cast<const char*>(kv[i].key), kv[i].key_len);
        if (kv[i].val != nullptr) {
          EXPECT_EQ(std::string(reinterpret_cast<const char*>(kv[i].val), kv[i].val_len), "v" + key);
        }
        all += (all.empty() ? "" : ",") + key;
      }
    }
  }
  std::string keys(const firn_scan_opts& opts) { return keys(scan(opts).get()); }

  int32_t code_ = 0;
};

firn_scan_opts options() {
  firn_scan_opts opts = FIRN_SCAN_OPTS_INIT;
  return opts;
}
firn_scan_opts range(const char* lower, const char* upper, uint32_t flags = 0) {
  firn_scan_opts opts = options();
  opts.flags = flags;
  if (lower != nullptr) opts.lower = bytes(lower), opts.lower_len = strlen(lower);
  if (upper != nullptr) opts.upper = bytes(upper), opts.upper_len = strlen(upper);
  return opts;
}
firn_scan_opts prefix(const char* text, uint32_t flags = 0) {
  firn_scan_opts opts = options();
  opts.flags = flags;
  opts.prefix = bytes(text), opts.prefix_len = strlen(text);
  return opts;
}
firn_scan_opts glob(const char* text, uint32_t flags = 0) {
  firn_scan_opts opts = options();
  opts.flags = flags;
  opts.glob = text;
  return opts;
}

TEST_F(ScanTest, without_options_all_keys_come_in_order) {
  IterPtr iter(firn_scan(db_, nullptr, nullptr, nullptr));
  ASSERT_NE(iter, nullptr);
  EXPECT_EQ(keys(iter.get()), "a,ab,abc,b,ba,c,\xff,\xff\xff");
  EXPECT_EQ(keys(iter.get()), "");
}

TEST_F(ScanTest, SCAN_1_bounds_and_prefixes_intersect_in_both_directions) {
  EXPECT_EQ(keys(range("ab", "ba")), "ab,abc,b");
  EXPECT_EQ(keys(range("ab", "ba", FIRN_SCAN_REVERSE)), "b,abc,ab");
  EXPECT_EQ(keys(range(nullptr, "b")), "a,ab,abc");
  EXPECT_EQ(keys(range(nullptr, "b", FIRN_SCAN_REVERSE)), "abc,ab,a");
  EXPECT_EQ(keys(range("bb", nullptr)), "c,\xff,\xff\xff");
  EXPECT_EQ(keys(range("bb", nullptr, FIRN_SCAN_REVERSE)), "\xff\xff,\xff,c");
  EXPECT_EQ(keys(range("b", "b")), "");
  EXPECT_EQ(keys(range("c", "a")), "");
  EXPECT_EQ(keys(range("c", "a", FIRN_SCAN_REVERSE)), "");
  EXPECT_EQ(keys(range("", "")), "");
  EXPECT_EQ(keys(range("a", "")), "");
  EXPECT_EQ(keys(prefix("ab")), "ab,abc");
  EXPECT_EQ(keys(prefix("ab", FIRN_SCAN_REVERSE)), "abc,ab");
  EXPECT_EQ(keys(prefix("\xff")), "\xff,\xff\xff");
  EXPECT_EQ(keys(prefix("\xff", FIRN_SCAN_REVERSE)), "\xff\xff,\xff");
  EXPECT_EQ(keys(prefix("")), "a,ab,abc,b,ba,c,\xff,\xff\xff");
  EXPECT_EQ(keys(prefix("zz")), "");
  firn_scan_opts both = range("abb", "c");
  both.prefix = bytes("a"), both.prefix_len = 1;
  EXPECT_EQ(keys(both), "abc");
  both.prefix = bytes("b");
  EXPECT_EQ(keys(both), "b,ba");
}

TEST_F(ScanTest, globs_filter_and_narrow) {
  EXPECT_EQ(keys(glob("a*")), "a,ab,abc");
  EXPECT_EQ(keys(glob("a*", FIRN_SCAN_REVERSE)), "abc,ab,a");
  EXPECT_EQ(keys(glob("?")), "a,b,c,\xff");
  EXPECT_EQ(keys(glob("[ab]?")), "ab,ba");
  EXPECT_EQ(keys(glob("*c")), "abc,c");
  EXPECT_EQ(keys(glob("abc")), "abc");
  EXPECT_EQ(keys(glob("")), "");
  EXPECT_EQ(scan_code(glob("[")), FIRN_INVALID);
  firn_scan_opts with_limit = glob("*b*");
  with_limit.limit = 2;
  EXPECT_EQ(keys(with_limit), "ab,abc");
  firn_scan_opts cut = glob("a*garbage");
  cut.glob_len = 2;
  EXPECT_EQ(keys(cut), "a,ab,abc");
}

TEST_F(ScanTest, a_limit_counts_entries_and_starts_anew_with_a_seek) {
  firn_scan_opts opts = options();
  opts.limit = 2;
  const IterPtr iter = scan(opts);
  EXPECT_EQ(keys(iter.get()), "a,ab");
  EXPECT_EQ(firn_iter_seek(iter.get(), bytes("b"), 1), FIRN_OK);
  EXPECT_EQ(keys(iter.get()), "b,ba");
}

TEST_F(ScanTest, seeks_are_clamped_to_the_window) {
  const auto from = [&](uint32_t flags, const char* lower, const char* upper, const char* target) {
    const IterPtr iter = scan(range(lower, upper, flags));
    EXPECT_EQ(firn_iter_seek(iter.get(), bytes(target), strlen(target)), FIRN_OK);
    return keys(iter.get());
  };
  EXPECT_EQ(from(0, "ab", "c", ""), "ab,abc,b,ba");
  EXPECT_EQ(from(0, "ab", "c", "abd"), "b,ba");
  EXPECT_EQ(from(0, "ab", "c", "b"), "b,ba");
  EXPECT_EQ(from(0, "ab", "c", "c"), "");
  EXPECT_EQ(from(0, "ab", "c", "zz"), "");
  EXPECT_EQ(from(FIRN_SCAN_REVERSE, "ab", "c", "zz"), "ba,b,abc,ab");
  EXPECT_EQ(from(FIRN_SCAN_REVERSE, "ab", "c", "c"), "ba,b,abc,ab");
  EXPECT_EQ(from(FIRN_SCAN_REVERSE, "ab", "c", "b"), "b,abc,ab");
  EXPECT_EQ(from(FIRN_SCAN_REVERSE, "ab", "c", "az"), "abc,ab");
  EXPECT_EQ(from(FIRN_SCAN_REVERSE, "ab", "c", "a"), "");
  EXPECT_EQ(from(FIRN_SCAN_REVERSE, nullptr, nullptr, "\xff\xff\xff"), "\xff\xff,\xff,c,ba,b,abc,ab,a");
  EXPECT_EQ(from(FIRN_SCAN_REVERSE, nullptr, nullptr, ""), "");
  const IterPtr iter = scan(options());
  EXPECT_EQ(keys(iter.get()), "a,ab,abc,b,ba,c,\xff,\xff\xff");
  EXPECT_EQ(firn_iter_seek(iter.get(), nullptr, 0), FIRN_OK);
  EXPECT_EQ(keys(iter.get()), "a,ab,abc,b,ba,c,\xff,\xff\xff");
}

TEST_F(ScanTest, chunks_are_packed_and_an_entry_that_does_not_fit_stays) {
  const IterPtr iter = scan(range("a", "abc"));
  std::string expected;
  for (const std::string key : {"a", "ab"}) {
    append<uint32_t>(&expected, static_cast<uint32_t>(key.size()));
    append<uint32_t>(&expected, static_cast<uint32_t>(key.size() + 1));
    expected += key + "v" + key;
  }
  std::string out(64, '\0');
  auto* to = reinterpret_cast<uint8_t*>(out.data());
  EXPECT_EQ(firn_iter_chunk(iter.get(), nullptr, 0), FIRN_TOO_LARGE);
  EXPECT_EQ(firn_iter_chunk(iter.get(), to, 7), FIRN_TOO_LARGE);
  EXPECT_EQ(out[0], '\0');
  EXPECT_EQ(firn_iter_chunk(iter.get(), to, 10), FIRN_TOO_LARGE);
  uint64_t needed = 0;
  memcpy(&needed, to, 8);
  EXPECT_EQ(needed, 11u);
  EXPECT_EQ(firn_iter_chunk(iter.get(), to, 11), 11);
  EXPECT_EQ(out.substr(0, 11), expected.substr(0, 11));
  EXPECT_EQ(firn_iter_chunk(iter.get(), to, 64), 13);
  EXPECT_EQ(out.substr(0, 13), expected.substr(11));
  EXPECT_EQ(firn_iter_chunk(iter.get(), to, 64), 0);
  EXPECT_EQ(firn_iter_seek(iter.get(), nullptr, 0), FIRN_OK);
  EXPECT_EQ(firn_iter_chunk(iter.get(), to, 64), 24);
  EXPECT_EQ(out.substr(0, 24), expected);
}

TEST_F(ScanTest, entries_carry_version_and_expiry_and_keys_only_drops_values) {
  std::string batch;
  append_operation(&batch, FIRN_OP_PUT, 0, "expiring", "value", 3600 * 1000);
  const int64_t version = firn_write(db_, bytes(batch), batch.size(), 0);
  ASSERT_GT(version, 0);
  firn_scan_opts opts = prefix("e", FIRN_SCAN_ENTRIES);
  uint8_t out[64];
  EXPECT_EQ(firn_iter_chunk(scan(opts).get(), out, sizeof out), 24 + 8 + 5);
  int64_t expiry_ms = 0;
  uint64_t found_version = 0;
  memcpy(&found_version, out + 8, 8);
  memcpy(&expiry_ms, out + 16, 8);
  EXPECT_EQ(found_version, static_cast<uint64_t>(version));
  EXPECT_GT(expiry_ms, 0);
  opts.flags = FIRN_SCAN_ENTRIES | FIRN_SCAN_KEYS_ONLY;
  EXPECT_EQ(firn_iter_chunk(scan(opts).get(), out, sizeof out), 24 + 8);
  opts.flags = FIRN_SCAN_KEYS_ONLY;
  firn_kv kv;
  EXPECT_EQ(firn_iter_entries(scan(opts).get(), &kv, 1), 1);
  EXPECT_EQ(kv.val, nullptr);
  EXPECT_EQ(kv.val_len, 0u);
}

TEST_F(ScanTest, LSM_ITER_entries_of_one_call_stay_valid_together) {
  std::string batch;
  for (int i = 0; i < 3000; ++i) {
    const std::string key = "many" + std::to_string(100000 + i);
    append_operation(&batch, FIRN_OP_PUT, 0, key, "v" + key);
    if (i % 1000 != 999) continue;
    ASSERT_GT(firn_write(db_, bytes(batch), batch.size(), 0), 0);
    batch.clear();
    if (i == 1999) {
      ASSERT_EQ(firn_flush(db_), FIRN_OK);
    }
  }
  const IterPtr iter = scan(prefix("many"));
  std::vector<firn_kv> all(4000);
  ASSERT_EQ(firn_iter_entries(iter.get(), all.data(), all.size()), 3000);
  ASSERT_EQ(firn_compact(db_), FIRN_OK);
  for (size_t i = 0; i < 3000; ++i) {
    const std::string key = "many" + std::to_string(100000 + i);
    ASSERT_EQ(std::string(reinterpret_cast<const char*>(all[i].key), all[i].key_len), key);
    ASSERT_EQ(std::string(reinterpret_cast<const char*>(all[i].val), all[i].val_len), "v" + key);
  }
}

TEST_F(ScanTest, a_scan_sees_the_snapshot_of_its_opening) {
  const IterPtr iter = scan(prefix("a"));
  ASSERT_EQ(put(db_, "aa", "vaa"), FIRN_OK);
  ASSERT_EQ(firn_delete(db_, 0, bytes("ab"), 2), FIRN_OK);
  ASSERT_EQ(put(db_, "abc", "other"), FIRN_OK);
  ASSERT_EQ(firn_flush(db_), FIRN_OK);
  EXPECT_EQ(keys(iter.get()), "a,ab,abc");
}

TEST_F(ScanTest, options_are_validated) {
  firn_scan_opts opts = options();
  opts.flags = 8;
  EXPECT_EQ(scan_code(opts), FIRN_INVALID);
  opts = options();
  opts.reserved = 1;
  EXPECT_EQ(scan_code(opts), FIRN_INVALID);
  opts = options();
  opts.ns = 77777;
  EXPECT_EQ(scan_code(opts), FIRN_INVALID);
  for (uint32_t size : {0u, 4u, 8u, 15u, 17u, 20u, UINT32_MAX}) {
    opts = options();
    opts.struct_size = size;
    EXPECT_EQ(scan_code(opts), FIRN_INVALID) << size;
  }
  opts = range("a", nullptr);
  opts.lower = nullptr;
  EXPECT_EQ(scan_code(opts), FIRN_INVALID);
  opts = range(nullptr, "b");
  opts.upper_len = 65536;
  EXPECT_EQ(scan_code(opts), FIRN_TOO_LARGE);
  opts = prefix("a");
  opts.prefix_len = SIZE_MAX;
  EXPECT_EQ(scan_code(opts), FIRN_TOO_LARGE);
  opts = glob("a");
  opts.glob_len = SIZE_MAX;
  EXPECT_EQ(scan_code(opts), FIRN_TOO_LARGE);
  opts = options();
  opts.glob_len = 1;
  EXPECT_EQ(scan_code(opts), FIRN_INVALID);
}

TEST_F(ScanTest, older_structs_are_taken_and_newer_ones_if_their_tail_is_zero) {
  firn_scan_opts older = range("ab", "ba");
  older.struct_size = offsetof(firn_scan_opts, upper);
  EXPECT_EQ(keys(older), "ab,abc,b,ba,c,\xff,\xff\xff");
  struct Newer {
    firn_scan_opts known;
    uint64_t unknown;
  } newer = {range("ab", "ba"), 0};
  newer.known.struct_size = sizeof newer;
  EXPECT_EQ(keys(newer.known), "ab,abc,b");
  newer.unknown = 1;
  EXPECT_EQ(scan_code(newer.known), FIRN_UNSUPPORTED);
}

}  // namespace
