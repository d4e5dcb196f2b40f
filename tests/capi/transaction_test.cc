// Transactions through the C header: what they see, when their commit is refused, what is refused to them.
#include <unistd.h>

#include <fstream>

#include "txn_fixture.h"

namespace {

using namespace firn_test;

class TransactionTest : public CapiTest {
 protected:
  void SetUp() override {
    CapiTest::SetUp();
    for (const char* key : {"a", "b", "c", "d", "e"}) ASSERT_EQ(FIRN_OK, put(db_, key, key));
  }
  int32_t erase(std::string_view key) { return firn_delete(db_, 0, bytes(key), key.size()); }
};

TEST_F(TransactionTest, it_reads_its_snapshot_and_its_own_writes_and_nobody_else_sees_them_before_the_commit) {
  const Txn txn(db_);
  ASSERT_EQ(FIRN_OK, put(db_, "a", "later"));
  EXPECT_EQ("a", txn.get("a"));
  EXPECT_EQ(FIRN_OK, txn.put("b", "mine"));
  EXPECT_EQ(FIRN_OK, txn.put("new", ""));
  EXPECT_EQ(FIRN_OK, txn.erase("c"));
  EXPECT_EQ("mine", txn.get("b"));
  EXPECT_EQ("", txn.get("new"));
  EXPECT_EQ("FIRN_NOT_FOUND", txn.get("c"));
  EXPECT_EQ("b", get(db_, "b"));
  EXPECT_EQ("c", get(db_, "c"));
  EXPECT_EQ(FIRN_CONFLICT, txn.commit()) << "it read a, which was written since";
  EXPECT_EQ("b", get(db_, "b"));
}

TEST_F(TransactionTest, a_commit_makes_all_writes_visible_with_one_version) {
  const Txn txn(db_);
  EXPECT_EQ(FIRN_OK, txn.put("b", "mine"));
  EXPECT_EQ(FIRN_OK, txn.erase("c"));
  const int64_t version = txn.commit();
  ASSERT_GT(version, 0);
  EXPECT_EQ("mine", get(db_, "b"));
  EXPECT_EQ("FIRN_NOT_FOUND", get(db_, "c"));
  firn_entry entry = FIRN_ENTRY_INIT;
  EXPECT_EQ(4, firn_get_entry(db_, 0, bytes("b"), 1, nullptr, 0, &entry));
  EXPECT_EQ(static_cast<uint64_t>(version), entry.version);
}

TEST_F(TransactionTest, a_key_that_was_found_conflicts_when_it_was_written_deleted_or_written_back) {
  for (int change = 0; change < 3; change++) {
    const Txn txn(db_);
    EXPECT_EQ("a", txn.get("a"));
    EXPECT_EQ(FIRN_OK, txn.put("x", "x"));
    if (change != 0) {
      ASSERT_EQ(FIRN_OK, erase("a"));
    }
    if (change != 1) {
      ASSERT_EQ(FIRN_OK, put(db_, "a", "a"));
    }
    EXPECT_EQ(FIRN_CONFLICT, txn.commit()) << change;
    EXPECT_EQ("FIRN_NOT_FOUND", get(db_, "x"));
    ASSERT_EQ(FIRN_OK, put(db_, "a", "a"));
  }
}

TEST_F(TransactionTest, a_key_that_was_absent_conflicts_when_it_is_there_and_only_then) {
  const Txn first(db_);
  const Txn second(db_);
  for (const Txn* txn : {&first, &second}) {
    EXPECT_EQ("FIRN_NOT_FOUND", txn->get("x"));
    EXPECT_EQ(FIRN_OK, txn->put("y", "y"));
  }
  ASSERT_EQ(FIRN_OK, put(db_, "x", "x"));
  EXPECT_EQ(FIRN_CONFLICT, first.commit());
  ASSERT_EQ(FIRN_OK, erase("x"));
  EXPECT_GT(second.commit(), 0) << "absent again is absent";
}

TEST_F(TransactionTest, writing_is_not_reading_the_last_committer_wins) {
  const Txn first(db_);
  const Txn second(db_);
  EXPECT_EQ(FIRN_OK, first.put("a", "first"));
  EXPECT_EQ("first", first.get("a")) << "an own write";
  EXPECT_EQ(FIRN_OK, second.put("a", "second"));
  EXPECT_GT(second.commit(), 0);
  EXPECT_GT(first.commit(), 0);
  EXPECT_EQ("first", get(db_, "a"));
}

TEST_F(TransactionTest, a_transaction_without_writes_is_refused_too_when_what_it_read_has_changed_a_read_only_one_never) {
  const Txn reading(db_);
  const Txn read_only(db_, FIRN_TXN_READ_ONLY);
  const Txn unchanged(db_);
  EXPECT_EQ("a", reading.get("a"));
  EXPECT_EQ("a", read_only.get("a"));
  EXPECT_EQ("b", unchanged.get("b"));
  ASSERT_EQ(FIRN_OK, put(db_, "a", "new"));
  EXPECT_EQ(FIRN_CONFLICT, reading.commit());
  const auto seen = static_cast<int64_t>(firn_txn_version(read_only.handle()));
  EXPECT_EQ(seen, read_only.commit());
  EXPECT_GT(unchanged.commit(), 0);
}

TEST_F(TransactionTest, a_read_only_transaction_refuses_writes) {
  const Txn txn(db_, FIRN_TXN_READ_ONLY);
  EXPECT_EQ(FIRN_READ_ONLY, txn.put("a", "x"));
  EXPECT_EQ(FIRN_READ_ONLY, txn.erase("a"));
  EXPECT_EQ(FIRN_READ_ONLY, firn_txn_add(txn.handle(), 0, bytes("a"), 1, 1).status);
  std::string batch;
  append_operation(&batch, FIRN_OP_PUT, 0, "a", "x");
  EXPECT_EQ(FIRN_READ_ONLY, txn.write(batch));
  EXPECT_EQ("a=a,b=b,c=c,d=d,e=e", txn.scan({}));
}

TEST_F(TransactionTest, it_validates_exactly_however_many_flushes_and_compactions_lie_between) {
  const Txn untouched(db_);
  const Txn touched(db_);
  EXPECT_EQ("a", untouched.get("a"));
  EXPECT_EQ("FIRN_NOT_FOUND", untouched.get("nothing"));
  EXPECT_EQ("b", touched.get("b"));
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 1000; i++) ASSERT_EQ(FIRN_OK, put(db_, "k" + std::to_string(i), "v"));
    ASSERT_EQ(FIRN_OK, erase("b"));
    ASSERT_EQ(FIRN_OK, put(db_, "b", "b"));
    ASSERT_EQ(FIRN_OK, put(db_, "nothing", "something"));
    ASSERT_EQ(FIRN_OK, erase("nothing"));
    ASSERT_EQ(FIRN_OK, firn_compact(db_));
  }
  EXPECT_EQ(FIRN_OK, untouched.put("x", "1"));
  EXPECT_GT(untouched.commit(), 0);
  EXPECT_EQ(FIRN_OK, touched.put("x", "2"));
  EXPECT_EQ(FIRN_CONFLICT, touched.commit());
  EXPECT_EQ("1", get(db_, "x"));
}

// The commit itself begins a new memtable: what was written since the beginning lies in the one before it.
TEST_F(TransactionTest, it_validates_over_the_memtable_that_its_own_commit_has_sealed) {
  firn_options* const options = firn_options_new();
  ASSERT_EQ(FIRN_OK, firn_options_parse(options, "single_threaded=true"));
  firn_db* const db = firn_open(":memory:", options, nullptr);
  firn_options_free(options);
  ASSERT_NE(nullptr, db);
  ASSERT_EQ(FIRN_OK, put(db, "b", "b"));
  {
    const Txn touched(db);
    const Txn untouched(db);
    EXPECT_EQ("b=b", touched.scan({}));
    EXPECT_EQ("", untouched.scan({.lower = "c"}));
    ASSERT_EQ(FIRN_OK, put(db, "b", "changed"));
    const std::string large(300'000, 'x');  // more than the first memtable has room for
    EXPECT_EQ(FIRN_OK, touched.put("large", large));
    EXPECT_EQ(FIRN_OK, untouched.put("large", large));
    EXPECT_EQ(FIRN_CONFLICT, touched.commit());
    EXPECT_GT(untouched.commit(), 0);
  }
  EXPECT_EQ(FIRN_OK, firn_close(db));
}

TEST_F(TransactionTest, a_scan_sees_the_own_writes_made_before_it_was_opened) {
  const Txn txn(db_);
  EXPECT_EQ(FIRN_OK, txn.put("b", "mine"));
  EXPECT_EQ(FIRN_OK, txn.put("bb", "new"));
  EXPECT_EQ(FIRN_OK, txn.erase("d"));
  EXPECT_EQ("a=a,b=mine,bb=new,c=c,e=e", txn.scan({}));
  EXPECT_EQ("e=e,c=c,bb=new,b=mine,a=a", txn.scan({.flags = FIRN_SCAN_REVERSE}));
  EXPECT_EQ("b=mine,bb=new", txn.scan({.lower = "b", .upper = "c"}));
  EXPECT_EQ("b=mine,bb=new", txn.scan({.glob = "b*"}));

  firn_iter* iter = firn_scan(db_, txn.handle(), nullptr, nullptr);
  ASSERT_NE(nullptr, iter);
  EXPECT_EQ(FIRN_OK, txn.put("b", "again"));
  EXPECT_EQ(FIRN_OK, txn.put("zz", "late"));
  EXPECT_EQ("a=a,b=mine,bb=new,c=c,e=e", Txn::rest(iter));
  EXPECT_EQ(FIRN_OK, firn_iter_seek(iter, bytes("bb"), 2));
  EXPECT_EQ("bb=new,c=c,e=e", Txn::rest(iter));
  firn_iter_close(iter);
  EXPECT_EQ("again", txn.get("b"));
}

TEST_F(TransactionTest, keys_that_a_scan_returned_are_read_and_those_behind_them_are_not) {
  for (const uint32_t flags : {0u, FIRN_TXN_SERIALIZABLE}) {
    for (const bool reverse : {false, true}) {
      const auto outcome = [&](const char* changed) {
        const Txn txn(db_, flags);
        const std::string found = txn.scan({.flags = reverse ? FIRN_SCAN_REVERSE : 0, .limit = 2});
        EXPECT_EQ(reverse ? "e=e,d=d" : "a=a,b=b", found);
        EXPECT_EQ(FIRN_OK, txn.put("out", "x"));
        EXPECT_EQ(FIRN_OK, erase(changed));
        EXPECT_EQ(FIRN_OK, put(db_, changed, changed));
        const int64_t code = txn.commit();
        EXPECT_EQ(FIRN_OK, erase("out"));
        return code > 0 ? FIRN_OK : code;
      };
      EXPECT_EQ(reverse ? FIRN_OK : FIRN_CONFLICT, outcome("a"));
      EXPECT_EQ(reverse ? FIRN_OK : FIRN_CONFLICT, outcome("b"));
      EXPECT_EQ(FIRN_OK, outcome("c"));
      EXPECT_EQ(reverse ? FIRN_CONFLICT : FIRN_OK, outcome("d"));
      EXPECT_EQ(reverse ? FIRN_CONFLICT : FIRN_OK, outcome("e"));
    }
  }
}

TEST_F(TransactionTest, a_new_key_in_a_scanned_range_conflicts_only_when_serializable) {
  const auto outcome = [&](uint32_t flags, const Txn::Window& window, const char* added) {
    const Txn txn(db_, flags);
    txn.scan(window);
    EXPECT_EQ(FIRN_OK, txn.put("out", "x"));
    EXPECT_EQ(FIRN_OK, put(db_, added, "new"));
    const int64_t code = txn.commit();
    EXPECT_EQ(FIRN_OK, erase(added));
    EXPECT_EQ(FIRN_OK, erase("out"));
    return code > 0 ? FIRN_OK : code;
  };
  EXPECT_EQ(FIRN_OK, outcome(0, {}, "bb"));
  EXPECT_EQ(FIRN_CONFLICT, outcome(FIRN_TXN_SERIALIZABLE, {}, "bb"));
  EXPECT_EQ(FIRN_CONFLICT, outcome(FIRN_TXN_SERIALIZABLE, {}, "zz")) << "the scan came to its end: nothing was behind e";
  EXPECT_EQ(FIRN_OK, outcome(FIRN_TXN_SERIALIZABLE, {.limit = 2}, "bb")) << "behind the last key returned";
  EXPECT_EQ(FIRN_CONFLICT, outcome(FIRN_TXN_SERIALIZABLE, {.limit = 2}, "aa"));
  EXPECT_EQ(FIRN_OK, outcome(FIRN_TXN_SERIALIZABLE, {.lower = "b", .upper = "d"}, "aa"));
  EXPECT_EQ(FIRN_OK, outcome(FIRN_TXN_SERIALIZABLE, {.lower = "b", .upper = "d"}, "dd"));
  EXPECT_EQ(FIRN_CONFLICT, outcome(FIRN_TXN_SERIALIZABLE, {.lower = "b", .upper = "d"}, "cc"));
  EXPECT_EQ(FIRN_CONFLICT, outcome(FIRN_TXN_SERIALIZABLE, {.lower = "b", .upper = "d", .flags = FIRN_SCAN_REVERSE}, "bb"));
  EXPECT_EQ(FIRN_CONFLICT, outcome(FIRN_TXN_SERIALIZABLE, {.lower = "x", .upper = "y"}, "xx")) << "an empty range was read";
}

TEST_F(TransactionTest, of_a_filtered_scan_only_the_keys_that_it_returned_are_read) {
  const auto outcome = [&](const char* changed) {
    const Txn txn(db_);
    EXPECT_EQ("b=b,c=c", txn.scan({.glob = "[bc]"}));
    EXPECT_EQ(FIRN_OK, txn.put("out", "x"));
    EXPECT_EQ(FIRN_OK, put(db_, changed, changed));
    const int64_t code = txn.commit();
    return code > 0 ? FIRN_OK : code;
  };
  EXPECT_EQ(FIRN_OK, outcome("a"));
  EXPECT_EQ(FIRN_CONFLICT, outcome("b"));
  EXPECT_EQ(FIRN_CONFLICT, outcome("c"));
  EXPECT_EQ(FIRN_OK, outcome("d"));
}

TEST_F(TransactionTest, an_own_write_that_a_scan_returned_is_not_a_read) {
  const Txn txn(db_, FIRN_TXN_SERIALIZABLE);
  EXPECT_EQ(FIRN_OK, txn.put("b", "mine"));
  EXPECT_EQ(FIRN_OK, txn.erase("c"));
  EXPECT_EQ("a=a,b=mine,d=d,e=e", txn.scan({}));
  ASSERT_EQ(FIRN_OK, put(db_, "b", "theirs"));
  ASSERT_EQ(FIRN_OK, put(db_, "c", "theirs"));
  EXPECT_GT(txn.commit(), 0);
  EXPECT_EQ("mine", get(db_, "b"));
  EXPECT_EQ("FIRN_NOT_FOUND", get(db_, "c"));
}

TEST_F(TransactionTest, clearing_a_namespace_changes_the_keys_that_were_found_in_it_dropping_it_all) {
  const auto ns = static_cast<uint32_t>(firn_ns_open(db_, bytes("n"), 1, 0));
  ASSERT_EQ(FIRN_OK, put(db_, "k", "v", ns));
  const Txn found(db_), absent(db_), scanned(db_), outside(db_);
  EXPECT_EQ("v", found.get("k", ns));
  EXPECT_EQ("FIRN_NOT_FOUND", absent.get("other", ns));
  EXPECT_EQ("k=v", scanned.scan({.ns = ns}));
  EXPECT_EQ("a", outside.get("a"));
  for (const Txn* txn : {&found, &absent, &scanned, &outside}) EXPECT_EQ(FIRN_OK, txn->put("out", "x"));
  ASSERT_EQ(FIRN_OK, firn_ns_clear(db_, ns));
  EXPECT_EQ("v", found.get("k", ns)) << "the snapshot still has it";
  EXPECT_EQ(FIRN_CONFLICT, found.commit());
  EXPECT_EQ(FIRN_CONFLICT, scanned.commit());
  EXPECT_GT(absent.commit(), 0);
  EXPECT_GT(outside.commit(), 0);

  const Txn in_dropped(db_), writing(db_);
  EXPECT_EQ("FIRN_NOT_FOUND", in_dropped.get("k", ns));
  EXPECT_EQ(FIRN_OK, in_dropped.put("out", "x"));
  EXPECT_EQ(FIRN_OK, writing.put("k", "x", ns));
  ASSERT_EQ(FIRN_OK, firn_ns_drop(db_, ns));
  EXPECT_EQ(FIRN_CONFLICT, in_dropped.commit());
  EXPECT_EQ(FIRN_INVALID, writing.commit()) << "nowhere to write to";
}

TEST_F(TransactionTest, a_namespace_opened_after_the_beginning_can_be_written_to_not_read) {
  const Txn txn(db_);
  const auto ns = static_cast<uint32_t>(firn_ns_open(db_, bytes("late"), 4, 0));
  EXPECT_EQ("FIRN_INVALID", txn.get("k", ns));
  EXPECT_EQ(FIRN_OK, txn.put("k", "v", ns));
  EXPECT_EQ("v", txn.get("k", ns));
  EXPECT_GT(txn.commit(), 0);
  EXPECT_EQ("v", get(db_, "k", ns));
  const Txn none(db_);
  EXPECT_EQ(FIRN_INVALID, none.put("k", "v", 999));
}

TEST_F(TransactionTest, an_expiry_is_judged_by_the_transactions_time_and_at_the_commit_by_the_commits) {
  firn_put_opts opts = FIRN_PUT_OPTS_INIT;
  opts.ttl_ms = 30;
  ASSERT_GT(firn_put_ex(db_, 0, bytes("t"), 1, bytes("v"), 1, &opts), 0);
  const Txn reading(db_), scanning(db_), blind(db_);
  EXPECT_EQ("v", reading.get("t"));
  EXPECT_EQ("t=v", scanning.scan({.lower = "t"}));
  while (firn_exists(db_, 0, bytes("t"), 1) == 1) usleep(1000);
  EXPECT_EQ("v", reading.get("t")) << "still, by its own time";
  for (const Txn* txn : {&reading, &scanning, &blind}) EXPECT_EQ(FIRN_OK, txn->put("out", "x"));
  EXPECT_EQ(FIRN_CONFLICT, reading.commit()) << "it is absent now";
  EXPECT_EQ(FIRN_CONFLICT, scanning.commit());
  EXPECT_GT(blind.commit(), 0);
  const Txn after(db_);
  EXPECT_EQ("FIRN_NOT_FOUND", after.get("t"));
  EXPECT_EQ(FIRN_OK, after.put("out", "y"));
  EXPECT_GT(after.commit(), 0);
}

TEST_F(TransactionTest, after_the_commit_only_closing_is_left) {
  Txn txn(db_);
  EXPECT_EQ("a", txn.get("a"));
  firn_iter* iter = firn_scan(db_, txn.handle(), nullptr, nullptr);
  ASSERT_NE(nullptr, iter);
  ASSERT_GT(txn.commit(), 0);
  EXPECT_EQ("FIRN_MISUSE", txn.get("a"));
  EXPECT_EQ(FIRN_MISUSE, txn.put("a", "x"));
  EXPECT_EQ(FIRN_MISUSE, txn.commit());
  EXPECT_EQ(0u, firn_txn_version(txn.handle()));
  EXPECT_EQ("FIRN_CLOSED", Txn::rest(iter));
  firn_error error = FIRN_ERROR_INIT;
  EXPECT_EQ(nullptr, firn_scan(db_, txn.handle(), nullptr, &error));
  EXPECT_EQ(FIRN_MISUSE, error.code);
  firn_iter_close(iter);
}

TEST_F(TransactionTest, iterators_and_transactions_outlive_the_database_as_closed_and_pins_stay_readable) {
  auto txn = std::make_unique<Txn>(db_);
  EXPECT_EQ(FIRN_OK, txn->put("own", "mine"));
  firn_pin_t own{}, theirs{};
  EXPECT_EQ(FIRN_OK, firn_txn_pin(txn->handle(), 0, bytes("own"), 3, &own));
  EXPECT_EQ(FIRN_OK, firn_txn_pin(txn->handle(), 0, bytes("a"), 1, &theirs));
  EXPECT_EQ(0u, own.version);
  EXPECT_GT(theirs.version, 0u);
  EXPECT_EQ(FIRN_OK, txn->put("own", "another"));
  firn_iter* iter = firn_scan(db_, txn->handle(), nullptr, nullptr);
  ASSERT_NE(nullptr, iter);
  ASSERT_EQ(FIRN_OK, firn_close(take()));
  EXPECT_EQ("FIRN_CLOSED", txn->get("a"));
  EXPECT_EQ(FIRN_CLOSED, txn->commit());
  EXPECT_EQ("FIRN_CLOSED", Txn::rest(iter));
  txn.reset();
  EXPECT_EQ("FIRN_CLOSED", Txn::rest(iter));
  firn_iter_close(iter);
  EXPECT_EQ("mine", std::string(reinterpret_cast<const char*>(own.data), own.len));
  EXPECT_EQ("a", std::string(reinterpret_cast<const char*>(theirs.data), theirs.len));
  firn_pin_t copy = own;
  firn_unpin(&own);
  firn_unpin(&copy);
  firn_unpin(&theirs);
  EXPECT_EQ(nullptr, own.data);
}

TEST_F(TransactionTest, a_transaction_of_another_database_is_misuse) {
  firn_db* other = firn_open(":memory:", nullptr, nullptr);
  {
    const Txn txn(other);
    firn_error error = FIRN_ERROR_INIT;
    EXPECT_EQ(nullptr, firn_scan(db_, txn.handle(), nullptr, &error));
    EXPECT_EQ(FIRN_MISUSE, error.code);
    EXPECT_EQ(nullptr, firn_txn_begin(db_, 8, &error));
    EXPECT_EQ(FIRN_INVALID, error.code);
  }
  firn_close(other);
}

TEST_F(TransactionTest, counters_read_and_write) {
  const Txn txn(db_);
  EXPECT_EQ(5, firn_txn_add(txn.handle(), 0, bytes("n"), 1, 5).value);
  EXPECT_EQ(7, firn_txn_add(txn.handle(), 0, bytes("n"), 1, 2).value);
  EXPECT_EQ(FIRN_TYPE_MISMATCH, firn_txn_add(txn.handle(), 0, bytes("a"), 1, 1).status);
  ASSERT_EQ(FIRN_OK, firn_add(db_, 0, bytes("n"), 1, 1).status);
  EXPECT_EQ(FIRN_CONFLICT, txn.commit()) << "n was absent when it was read";
  const Txn again(db_);
  EXPECT_EQ(8, firn_txn_add(again.handle(), 0, bytes("n"), 1, 7).value);
  EXPECT_GT(again.commit(), 0);
  EXPECT_EQ(8, firn_add(db_, 0, bytes("n"), 1, 0).value);
}

TEST_F(TransactionTest, a_batch_is_applied_to_the_transaction_as_a_whole_or_not_at_all) {
  const Txn txn(db_);
  EXPECT_EQ(FIRN_OK, txn.put("b", "mine"));
  std::string bad;
  append_operation(&bad, FIRN_OP_PUT, 0, "b", "batch");
  append_operation(&bad, FIRN_OP_PUT, 0, "new", "batch");
  append_operation(&bad, FIRN_OP_DELETE_RANGE, 0, "a", "d");
  append_operation(&bad, FIRN_OP_ADD, 0, "e", std::string("\1\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(FIRN_TYPE_MISMATCH, txn.write(bad));
  EXPECT_EQ("a=a,b=mine,c=c,d=d,e=e", txn.scan({}));

  std::string good;
  append_operation(&good, FIRN_OP_PUT, 0, "bb", "batch");
  append_operation(&good, FIRN_OP_DELETE_RANGE, 0, "b", "d");
  append_operation(&good, FIRN_OP_PUT, 0, "c", "after");
  EXPECT_EQ(3, txn.write(good));
  EXPECT_EQ("a=a,c=after,d=d,e=e", txn.scan({}));
  EXPECT_GT(txn.commit(), 0);
  EXPECT_EQ("FIRN_NOT_FOUND", get(db_, "b"));
  EXPECT_EQ("after", get(db_, "c"));
}

TEST_F(TransactionTest, pins_of_many_keys_are_reads_and_outlive_own_writes_the_transaction_and_the_database) {
  auto txn = std::make_unique<Txn>(db_);
  EXPECT_EQ(FIRN_OK, txn->put("b", "mine"));
  EXPECT_EQ(FIRN_OK, txn->erase("c"));
  std::string requests;
  for (const char* key : {"a", "b", "c", "nothing"}) append_request(&requests, 0, key);
  firn_answer answers[4];
  firn_pin_t pin;
  std::memset(&pin, 0x55, sizeof pin);
  EXPECT_EQ(4, firn_txn_multi_pin(txn->handle(), bytes(requests), requests.size(), answers, 3, &pin));
  EXPECT_EQ(nullptr, pin.owner);
  ASSERT_EQ(4, firn_txn_multi_pin(txn->handle(), bytes(requests), requests.size(), answers, 4, &pin));
  EXPECT_EQ(FIRN_OK, txn->put("b", "another"));
  ASSERT_EQ(FIRN_OK, put(db_, "a", "changed"));
  EXPECT_EQ(FIRN_CONFLICT, txn->commit());
  txn.reset();
  ASSERT_EQ(FIRN_OK, firn_close(take()));
  const auto value = [&](size_t i) { return std::string(reinterpret_cast<const char*>(answers[i].data), answers[i].len); };
  EXPECT_EQ("a", value(0));
  EXPECT_GT(answers[0].version, 0u);
  EXPECT_EQ("mine", value(1));
  EXPECT_EQ(0u, answers[1].version);
  EXPECT_EQ(FIRN_NOT_FOUND, answers[2].code);
  EXPECT_EQ(FIRN_NOT_FOUND, answers[3].code);
  firn_unpin(&pin);
  EXPECT_EQ(nullptr, pin.owner);
}

TEST_F(TransactionTest, pinned_own_writes_stay_as_they_were_through_a_failed_batch_deletes_and_the_commit) {
  auto txn = std::make_unique<Txn>(db_);
  const std::string value(3000, 'm');
  EXPECT_EQ(FIRN_OK, txn->put("own", value));
  std::string requests;
  append_request(&requests, 0, "own");
  firn_answer answer;
  firn_pin_t pin;
  ASSERT_EQ(1, firn_txn_multi_pin(txn->handle(), bytes(requests), requests.size(), &answer, 1, &pin));
  std::string bad;
  append_operation(&bad, FIRN_OP_PUT, 0, "own", "batch");
  append_operation(&bad, FIRN_OP_ADD, 0, "a", std::string("\1\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(FIRN_TYPE_MISMATCH, txn->write(bad));
  EXPECT_EQ(FIRN_OK, txn->erase("own"));
  EXPECT_EQ(FIRN_OK, txn->put("own", "last"));
  EXPECT_GT(txn->commit(), 0);
  txn.reset();
  ASSERT_EQ(FIRN_OK, firn_close(take()));
  EXPECT_EQ(value, std::string(reinterpret_cast<const char*>(answer.data), answer.len));
  firn_unpin(&pin);
}

TEST_F(TransactionTest, more_keys_than_places_are_not_read) {
  const Txn txn(db_);
  std::string requests;
  append_request(&requests, 0, "a");
  append_request(&requests, 0, "b");
  firn_answer answers[1];
  firn_pin_t pin;
  EXPECT_EQ(2, firn_txn_multi_pin(txn.handle(), bytes(requests), requests.size(), answers, 1, &pin));
  ASSERT_EQ(FIRN_OK, put(db_, "a", "changed"));
  EXPECT_EQ(FIRN_OK, txn.put("own", "mine"));
  EXPECT_GT(txn.commit(), 0);
}

TEST_F(TransactionTest, pins_of_others_keys_do_not_keep_own_writes) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer keeps what was freed: the release build looks";
#endif
  constexpr uint64_t kValueBytes = uint64_t{1} << 20;
  constexpr int kWriteCount = 200;
  const auto resident_bytes = [] {
    std::ifstream file("/proc/self/statm");
    uint64_t all = 0, resident = 0;
    file >> all >> resident;
    return resident * static_cast<uint64_t>(getpagesize());
  };
  const Txn txn(db_);
  std::string requests;
  append_request(&requests, 0, "a");
  append_request(&requests, 0, "nothing");
  const uint64_t before = resident_bytes();
  for (int i = 0; i < kWriteCount; i++) {
    ASSERT_EQ(FIRN_OK, txn.put("own", std::string(kValueBytes, 'v')));
    firn_answer answers[2];
    firn_pin_t pin;
    ASSERT_EQ(2, firn_txn_multi_pin(txn.handle(), bytes(requests), requests.size(), answers, 2, &pin));
    firn_unpin(&pin);
  }
  EXPECT_LT(resident_bytes(), before + kWriteCount / 4 * kValueBytes);
}

TEST_F(TransactionTest, many_keys_in_one_crossing_are_read_with_own_writes_on_top) {
  const Txn txn(db_);
  EXPECT_EQ(FIRN_OK, txn.put("b", "mine"));
  EXPECT_EQ(FIRN_OK, txn.erase("c"));
  std::string requests;
  for (const char* key : {"a", "b", "c", "nothing"}) append_request(&requests, 0, key);
  append_request(&requests, 77, "a");
  std::string answers(256, '\0');
  const int64_t length =
      firn_txn_multi_get(txn.handle(), bytes(requests), requests.size(), reinterpret_cast<uint8_t*>(answers.data()), answers.size());
  std::string expected;
  append<int64_t>(&expected, 1);
  expected += "a";
  append<int64_t>(&expected, 4);
  expected += "mine";
  for (const int32_t code : {FIRN_NOT_FOUND, FIRN_NOT_FOUND, FIRN_INVALID}) append<int64_t>(&expected, code);
  EXPECT_EQ(expected, answers.substr(0, static_cast<size_t>(length)));
  ASSERT_EQ(FIRN_OK, put(db_, "nothing", "something"));
  EXPECT_EQ(FIRN_CONFLICT, txn.commit());
}

TEST_F(TransactionTest, a_commit_of_many_reads_and_writes_is_validated_too) {
  const Txn unchanged(db_), changed(db_);
  for (const Txn* txn : {&unchanged, &changed}) {
    for (int i = 0; i < 1000; i++) EXPECT_EQ("FIRN_NOT_FOUND", txn->get("k" + std::to_string(i)));
    for (int i = 0; i < 1000; i++) EXPECT_EQ(FIRN_OK, txn->put("w" + std::to_string(i), "v"));
  }
  ASSERT_EQ(FIRN_OK, put(db_, "k1000", "v"));
  EXPECT_GT(unchanged.commit(), 0);
  ASSERT_EQ(FIRN_OK, put(db_, "k777", "v"));
  EXPECT_EQ(FIRN_CONFLICT, changed.commit());
}

}  // namespace
