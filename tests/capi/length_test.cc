// Lengths that do not fit 32 bits (T9): every function of firn.h that takes a length or a capacity, with each of them 2^32 - 1, 2^32 and SIZE_MAX, with a pointer to few bytes and
// with NULL. A length in is refused before a byte is read; a capacity out is believed, whole, and never added to a pointer. Run under AddressSanitizer and UBSan.
//
// The table is compared with firn.h: a new length without a row fails.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "capi_fixture.h"
#include "header_functions.h"
#include "misuse_matrix.h"

namespace {

using namespace firn_test;

struct LengthRow {
  std::string name;  // "firn_put key_len"
  bool is_capacity = false;
  std::function<int64_t(uint8_t*, size_t)> call;  // everything else is right
  int64_t when_null = FIRN_INVALID;
};

constexpr size_t kLengths[] = {UINT32_MAX, size_t{1} << 32, SIZE_MAX};
constexpr size_t kBufferBytes = size_t{256} << 10;  // more than any answer here

class Lengths : public CapiTest {
 protected:
  void SetUp() override {
    CapiTest::SetUp();
    root_ = (std::filesystem::temp_directory_path() / ("firn-lengths-" + std::to_string(getpid()))).string();
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
    ASSERT_EQ(put(db_, "key", "value"), FIRN_OK);
    ASSERT_EQ(firn_ns_open(db_, bytes("name"), 4, 0), 1);
    log_ = firn_log_open((root_ + "/log").c_str(), nullptr, nullptr);
    ASSERT_EQ(firn_log_append(log_, bytes("record"), 6), 0);
    firn_db* disk = firn_open((root_ + "/db").c_str(), nullptr, nullptr);
    ASSERT_EQ(put(disk, "key", "value"), FIRN_OK);
    ASSERT_EQ(firn_flush(disk), FIRN_OK);
    firn_backup* backup = firn_backup_begin(disk, (root_ + "/backups").c_str(), nullptr);
    while (firn_backup_step(backup, 0, nullptr) == 1) {
    }
    ASSERT_EQ(firn_backup_finish(backup, nullptr), 1);
    ASSERT_EQ(firn_close(disk), FIRN_OK);
    txn_ = firn_txn_begin(db_, 0, nullptr);
    iter_ = firn_scan(db_, nullptr, nullptr, nullptr);
    make_rows();
  }
  void TearDown() override {
    firn_iter_close(iter_);
    firn_txn_close(txn_);
    EXPECT_EQ(firn_log_close(log_), FIRN_OK);
    CapiTest::TearDown();
    std::filesystem::remove_all(root_);
  }

  void in(const char* name, std::function<int64_t(uint8_t*, size_t)> call, int64_t when_null = FIRN_INVALID) {
    rows_.push_back({name, false, std::move(call), when_null});
  }
  void out(const char* name, std::function<int64_t(uint8_t*, size_t)> call) { rows_.push_back({name, true, std::move(call)}); }
  // A scan with one of its lengths.
  int64_t scan_with(const std::function<void(firn_scan_opts*)>& set) {
    firn_scan_opts opts = FIRN_SCAN_OPTS_INIT;
    set(&opts);
    firn_error error = FIRN_ERROR_INIT;
    firn_iter_close(firn_scan(db_, nullptr, &opts, &error));
    return error.code;
  }
  int64_t rewound(const std::function<int64_t()>& call) {
    EXPECT_EQ(firn_iter_seek(iter_, nullptr, 0), FIRN_OK);
    return call();
  }
  void make_rows();
  void make_key_value_rows();
  void make_transaction_rows();
  void make_scan_rows();
  void make_operating_rows();

  std::string root_;
  firn_log* log_ = nullptr;
  firn_txn* txn_ = nullptr;
  firn_iter* iter_ = nullptr;
  std::vector<LengthRow> rows_;
  uint8_t key_[3] = {'k', 'e', 'y'};
};

void Lengths::make_rows() {
  make_key_value_rows();
  make_transaction_rows();
  make_scan_rows();
  make_operating_rows();
}

void Lengths::make_key_value_rows() {
  in("firn_put key_len", [this](uint8_t* p, size_t n) { return firn_put(db_, 0, p, n, key_, 1); });
  in("firn_put val_len", [this](uint8_t* p, size_t n) { return firn_put(db_, 0, key_, 3, p, n); });
  in("firn_get key_len", [this](uint8_t* p, size_t n) { return firn_get(db_, 0, p, n, nullptr, 0); });
  out("firn_get cap", [this](uint8_t* p, size_t n) { return firn_get(db_, 0, key_, 3, p, n); });
  in("firn_delete key_len", [this](uint8_t* p, size_t n) { return firn_delete(db_, 0, p, n); });
  in("firn_exists key_len", [this](uint8_t* p, size_t n) { return firn_exists(db_, 0, p, n); });
  in("firn_pin key_len", [this](uint8_t* p, size_t n) {
    firn_pin_t pin;
    return firn_pin(db_, 0, p, n, &pin);
  });
  in("firn_get_entry key_len", [this](uint8_t* p, size_t n) { return firn_get_entry(db_, 0, p, n, nullptr, 0, nullptr); });
  out("firn_get_entry cap", [this](uint8_t* p, size_t n) { return firn_get_entry(db_, 0, key_, 3, p, n, nullptr); });
  in("firn_put_ex key_len", [this](uint8_t* p, size_t n) { return firn_put_ex(db_, 0, p, n, key_, 1, nullptr); });
  in("firn_put_ex val_len", [this](uint8_t* p, size_t n) { return firn_put_ex(db_, 0, key_, 3, p, n, nullptr); });
  in("firn_compare_swap key_len", [this](uint8_t* p, size_t n) { return firn_compare_swap(db_, 0, p, n, key_, 1, key_, 1, 0); });
  in("firn_compare_swap old_len", [this](uint8_t* p, size_t n) { return firn_compare_swap(db_, 0, key_, 3, p, n, key_, 1, 0); });
  in("firn_compare_swap new_len", [this](uint8_t* p, size_t n) { return firn_compare_swap(db_, 0, key_, 3, key_, 1, p, n, 0); });
  in("firn_swap key_len", [this](uint8_t* p, size_t n) { return firn_swap(db_, 0, p, n, key_, 1, nullptr, 0); });
  in("firn_swap new_len", [this](uint8_t* p, size_t n) { return firn_swap(db_, 0, key_, 3, p, n, nullptr, 0); });
  out("firn_swap cap", [this](uint8_t* p, size_t n) { return firn_swap(db_, 0, key_, 3, bytes("value"), 5, p, n); });
  in("firn_add key_len", [this](uint8_t* p, size_t n) { return firn_add(db_, 0, p, n, 1).status; });
  in("firn_add_to key_len", [this](uint8_t* p, size_t n) { return firn_add_to(db_, 0, p, n, 1, nullptr); });
  in("firn_expire key_len", [this](uint8_t* p, size_t n) { return firn_expire(db_, 0, p, n, 1000); });
  in("firn_persist key_len", [this](uint8_t* p, size_t n) { return firn_persist(db_, 0, p, n); });
  in("firn_ttl key_len", [this](uint8_t* p, size_t n) { return firn_ttl(db_, 0, p, n); });
  in("firn_write len", [this](uint8_t* p, size_t n) { return firn_write(db_, p, n, 0); });
  in("firn_delete_range lower_len", [this](uint8_t* p, size_t n) { return firn_delete_range(db_, 0, p, n, key_, 3, 0); });
  in("firn_delete_range upper_len", [this](uint8_t* p, size_t n) { return firn_delete_range(db_, 0, key_, 3, p, n, 0); });
  in("firn_multi_get len", [this](uint8_t* p, size_t n) { return firn_multi_get(db_, p, n, nullptr, 0); });
  out("firn_multi_get cap", [this](uint8_t* p, size_t n) {
    std::string requests;
    append_request(&requests, 0, "key");
    return firn_multi_get(db_, bytes(requests), requests.size(), p, n);
  });
  in("firn_multi_pin len", [this](uint8_t* p, size_t n) {
    firn_pin_t pin;
    return firn_multi_pin(db_, p, n, nullptr, 0, &pin);
  });
  out("firn_multi_pin max", [this](uint8_t* p, size_t n) {
    std::string requests;
    append_request(&requests, 0, "key");
    firn_pin_t pin;
    const int64_t count = firn_multi_pin(db_, bytes(requests), requests.size(), reinterpret_cast<firn_answer*>(p), n, &pin);
    firn_unpin(&pin);
    return count;
  });
}

void Lengths::make_transaction_rows() {
  in("firn_txn_get key_len", [this](uint8_t* p, size_t n) { return firn_txn_get(txn_, 0, p, n, nullptr, 0); });
  out("firn_txn_get cap", [this](uint8_t* p, size_t n) { return firn_txn_get(txn_, 0, key_, 3, p, n); });
  in("firn_txn_get_entry key_len", [this](uint8_t* p, size_t n) { return firn_txn_get_entry(txn_, 0, p, n, nullptr, 0, nullptr); });
  out("firn_txn_get_entry cap", [this](uint8_t* p, size_t n) { return firn_txn_get_entry(txn_, 0, key_, 3, p, n, nullptr); });
  in("firn_txn_exists key_len", [this](uint8_t* p, size_t n) { return firn_txn_exists(txn_, 0, p, n); });
  in("firn_txn_pin key_len", [this](uint8_t* p, size_t n) {
    firn_pin_t pin;
    return firn_txn_pin(txn_, 0, p, n, &pin);
  });
  in("firn_txn_multi_get len", [this](uint8_t* p, size_t n) { return firn_txn_multi_get(txn_, p, n, nullptr, 0); });
  out("firn_txn_multi_get cap", [this](uint8_t* p, size_t n) {
    std::string requests;
    append_request(&requests, 0, "key");
    return firn_txn_multi_get(txn_, bytes(requests), requests.size(), p, n);
  });
  in("firn_txn_multi_pin len", [this](uint8_t* p, size_t n) {
    firn_pin_t pin;
    return firn_txn_multi_pin(txn_, p, n, nullptr, 0, &pin);
  });
  out("firn_txn_multi_pin max", [this](uint8_t* p, size_t n) {
    std::string requests;
    append_request(&requests, 0, "key");
    firn_pin_t pin;
    const int64_t count = firn_txn_multi_pin(txn_, bytes(requests), requests.size(), reinterpret_cast<firn_answer*>(p), n, &pin);
    firn_unpin(&pin);
    return count;
  });
  in("firn_txn_put key_len", [this](uint8_t* p, size_t n) { return firn_txn_put(txn_, 0, p, n, key_, 1); });
  in("firn_txn_put val_len", [this](uint8_t* p, size_t n) { return firn_txn_put(txn_, 0, key_, 3, p, n); });
  in("firn_txn_delete key_len", [this](uint8_t* p, size_t n) { return firn_txn_delete(txn_, 0, p, n); });
  in("firn_txn_add key_len", [this](uint8_t* p, size_t n) { return firn_txn_add(txn_, 0, p, n, 1).status; });
  in("firn_txn_write len", [this](uint8_t* p, size_t n) { return firn_txn_write(txn_, p, n); });
}

void Lengths::make_scan_rows() {
  in("firn_scan_opts lower_len",
     [this](uint8_t* p, size_t n) { return scan_with([p, n](firn_scan_opts* opts) { opts->lower = p, opts->lower_len = n; }); });
  in("firn_scan_opts upper_len",
     [this](uint8_t* p, size_t n) { return scan_with([p, n](firn_scan_opts* opts) { opts->upper = p, opts->upper_len = n; }); });
  in("firn_scan_opts prefix_len",
     [this](uint8_t* p, size_t n) { return scan_with([p, n](firn_scan_opts* opts) { opts->prefix = p, opts->prefix_len = n; }); });
  in("firn_scan_opts glob_len", [this](uint8_t* p, size_t n) {
    return scan_with([p, n](firn_scan_opts* opts) { opts->glob = reinterpret_cast<char*>(p), opts->glob_len = n; });
  });
  out("firn_iter_chunk cap", [this](uint8_t* p, size_t n) { return rewound([&] { return firn_iter_chunk(iter_, p, n); }); });
  out("firn_iter_entries max",
      [this](uint8_t* p, size_t n) { return rewound([&] { return firn_iter_entries(iter_, reinterpret_cast<firn_kv*>(p), n); }); });
  in("firn_iter_seek key_len", [this](uint8_t* p, size_t n) { return firn_iter_seek(iter_, p, n); });
  in("firn_ns_open name_len", [this](uint8_t* p, size_t n) { return firn_ns_open(db_, p, n, 0); });
  out("firn_ns_list cap", [this](uint8_t* p, size_t n) { return firn_ns_list(db_, p, n); });
  in("firn_approximate_count lower_len", [this](uint8_t* p, size_t n) { return firn_approximate_count(db_, 0, p, n, key_, 3); });
  in("firn_approximate_count upper_len", [this](uint8_t* p, size_t n) { return firn_approximate_count(db_, 0, key_, 3, p, n); });
  in("firn_approximate_bytes lower_len", [this](uint8_t* p, size_t n) { return firn_approximate_bytes(db_, 0, p, n, key_, 3); });
  in("firn_approximate_bytes upper_len", [this](uint8_t* p, size_t n) { return firn_approximate_bytes(db_, 0, key_, 3, p, n); });
  out("firn_changes cap", [this](uint8_t* p, size_t n) { return firn_changes(db_, 0, p, n, 0); });
}

void Lengths::make_operating_rows() {
  in("firn_log_append len", [this](uint8_t* p, size_t n) { return firn_log_append(log_, p, n); });
  in("firn_log_append_batch len", [this](uint8_t* p, size_t n) { return firn_log_append_batch(log_, p, n); });
  out("firn_log_read cap", [this](uint8_t* p, size_t n) { return firn_log_read(log_, 0, p, n); });
  out("firn_log_read_chunk cap", [this](uint8_t* p, size_t n) { return firn_log_read_chunk(log_, 0, p, n); });
  out("firn_stats_json cap",
      [this](uint8_t* p, size_t n) { return std::min<int64_t>(1, firn_stats_json(db_, reinterpret_cast<char*>(p), n)); });
  out("firn_stats_prometheus cap",
      [this](uint8_t* p, size_t n) { return std::min<int64_t>(1, firn_stats_prometheus(db_, reinterpret_cast<char*>(p), n)); });
  out("firn_events_poll max", [this](uint8_t* p, size_t n) { return firn_events_poll(db_, 0, reinterpret_cast<firn_event*>(p), n); });
  out("firn_backup_list cap", [this](uint8_t* p, size_t n) { return firn_backup_list((root_ + "/backups").c_str(), p, n, nullptr); });
  out("firn_salvage max", [this](uint8_t* p, size_t n) {
    std::filesystem::remove_all(root_ + "/salvaged");
    return firn_salvage((root_ + "/db").c_str(), (root_ + "/salvaged").c_str(), reinterpret_cast<firn_loss*>(p), n, nullptr, nullptr);
  });
  out("firn_inspect cap", [this](uint8_t* p, size_t n) {
    return firn_inspect((root_ + "/db").c_str(), FIRN_INSPECT_TABLES, reinterpret_cast<char*>(p), n, nullptr);
  });
  in("firn_explain_key ns_name_len",
     [this](uint8_t* p, size_t n) { return firn_explain_key((root_ + "/db").c_str(), p, n, key_, 3, nullptr, 0, nullptr); });
  in("firn_explain_key key_len",
     [this](uint8_t* p, size_t n) { return firn_explain_key((root_ + "/db").c_str(), nullptr, 0, p, n, nullptr, 0, nullptr); });
  out("firn_explain_key cap", [this](uint8_t* p, size_t n) {
    return firn_explain_key((root_ + "/db").c_str(), nullptr, 0, key_, 3, reinterpret_cast<char*>(p), n, nullptr);
  });
}

TEST_F(Lengths, every_length_and_capacity_of_the_header_has_a_row) {
  std::set<std::string> wanted = {"firn_scan_opts lower_len", "firn_scan_opts upper_len", "firn_scan_opts prefix_len",
                                  "firn_scan_opts glob_len"};  // lengths in a struct that is passed in
  for (const HeaderFunction& function : header_functions()) {
    for (const std::string& parameter : function.parameters) {
      if (parameter.starts_with("size_t ")) wanted.insert(function.name + " " + parameter.substr(7));
    }
  }
  EXPECT_GT(wanted.size(), 60u) << "firn.h was not understood";
  std::set<std::string> tested;
  for (const LengthRow& row : rows_) EXPECT_TRUE(tested.insert(row.name).second) << row.name << " has two rows";
  EXPECT_EQ(wanted, tested);
}

TEST_F(Lengths, what_does_not_fit_32_bits_is_refused_going_in_before_a_byte_is_read_and_believed_going_out) {
  auto byte = std::make_unique<uint8_t[]>(1);  // AddressSanitizer sees a second one read
  const auto buffer = std::make_unique<uint8_t[]>(kBufferBytes);
  const auto expected = std::make_unique<uint8_t[]>(kBufferBytes);
  size_t cells = 0;
  for (const LengthRow& row : rows_) {
    for (const size_t length : kLengths) {
      cells += 2;
      EXPECT_EQ(row.call(nullptr, length), row.when_null) << row.name << " NULL, " << length;
      if (!row.is_capacity) {
        EXPECT_EQ(row.call(byte.get(), length), FIRN_TOO_LARGE) << row.name << " " << length;
        continue;
      }
      const int64_t wanted = row.call(expected.get(), kBufferBytes / sizeof(firn_loss));
      EXPECT_GE(wanted, 0) << row.name;
      EXPECT_EQ(row.call(buffer.get(), length), wanted) << row.name << " " << length;
    }
  }
  EXPECT_EQ(get(db_, "key"), "value");
  EXPECT_EQ(firn_log_bounds(log_).next, 1u);
  std::printf("[ figures  ] %zu lengths and capacities x {2^32 - 1, 2^32, SIZE_MAX} x {NULL, a pointer}: %zu cells\n", rows_.size(), cells);
}

// The functions that take a handle, by what the tables call them.
std::set<std::string> tabled() {
  std::set<std::string> names;
  for (const auto& function : db_functions()) names.insert(std::string("firn_") + function.name);
  for (const auto& function : iter_functions()) names.insert(std::string("firn_iter_") + function.name);
  for (const auto& function : txn_functions()) names.insert(std::string("firn_txn_") + function.name);
  for (const auto& function : options_functions()) names.insert(std::string("firn_options_") + function.name);
  for (const auto& function : backup_functions()) names.insert(std::string("firn_backup_") + function.name);
  for (const auto& function : log_functions()) names.insert(std::string("firn_log_") + function.name);
  return names;
}

TEST(MisuseMatrix, every_function_of_the_header_that_takes_a_handle_has_a_row) {
  // What ends a handle, answers no code, or takes the handle beside others: misuse_test.cc has each by itself.
  const std::set<std::string> apart = {"firn_open",     "firn_close",     "firn_iter_close",   "firn_txn_close",
                                       "firn_log_open", "firn_log_close", "firn_options_free", "firn_txn_version"};
  std::set<std::string> wanted;
  for (const HeaderFunction& function : header_functions()) {
    const std::string& first = function.parameters[0];
    const bool takes_handle = std::any_of(std::begin(kHandleTypes), std::end(kHandleTypes),
                                          [&](const char* type) { return first.starts_with(std::string(type) + " *"); });
    if (takes_handle && apart.count(function.name) == 0) wanted.insert(function.name);
  }
  EXPECT_GT(wanted.size(), 80u) << "firn.h was not understood";
  EXPECT_EQ(wanted, tabled());
}

TEST_F(Lengths, a_log_function_with_any_wrong_handle_answers_its_code) {
  alignas(64) static char memory[256] = {};
  for (const void* bad :
       {static_cast<const void*>(nullptr), reinterpret_cast<const void*>(1), reinterpret_cast<const void*>(UINTPTR_MAX),
        static_cast<const void*>(memory), static_cast<const void*>(db_), static_cast<const void*>(iter_), static_cast<const void*>(txn_)}) {
    expect_all(log_functions(), bad, FIRN_MISUSE, "not a log");
  }
  expect_all(db_functions(), log_, FIRN_MISUSE, "a log");
  firn_log* closed = firn_log_open((root_ + "/closed").c_str(), nullptr, nullptr);
  ASSERT_NE(closed, nullptr);
  EXPECT_EQ(firn_log_close(closed), FIRN_OK);
  expect_all(log_functions(), closed, FIRN_CLOSED, "closed");
  EXPECT_EQ(firn_log_close(closed), FIRN_CLOSED);
}

}  // namespace
