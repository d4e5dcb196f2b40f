// Every function that takes a handle, by the handle's type, with arguments that are right otherwise: what the misuse tests call with handles that are not.
#pragma once

#include <functional>

#include "capi_fixture.h"

namespace firn_test {

template <typename Handle>
struct Function {
  const char* name;
  std::function<int64_t(Handle*)> call;
};

inline int64_t scan_code(firn_db* db) {
  firn_error error = FIRN_ERROR_INIT;
  firn_iter* iter = firn_scan(db, nullptr, nullptr, &error);
  firn_iter_close(iter);
  return error.code;
}

inline const std::vector<Function<firn_db>>& db_functions() {
  static const auto* functions = new std::vector<Function<firn_db>>{
      {"recovery",
       [](firn_db* db) {
         firn_recovery_info info = FIRN_RECOVERY_INFO_INIT;
         return firn_recovery(db, &info);
       }},
      {"sync", [](firn_db* db) { return firn_sync(db); }},
      {"flush", [](firn_db* db) { return firn_flush(db); }},
      {"compact", [](firn_db* db) { return firn_compact(db); }},
      {"run_jobs", [](firn_db* db) { return firn_run_jobs(db, 1); }},
      {"db_error",
       [](firn_db* db) {
         firn_error error = FIRN_ERROR_INIT;
         const int32_t code = firn_db_error(db, &error);
         EXPECT_EQ(error.code, code);
         return code;
       }},
      {"put", [](firn_db* db) { return put(db, "key", "value"); }},
      {"get", [](firn_db* db) { return firn_get(db, 0, bytes("key"), 3, nullptr, 0); }},
      {"delete", [](firn_db* db) { return firn_delete(db, 0, bytes("key"), 3); }},
      {"exists", [](firn_db* db) { return firn_exists(db, 0, bytes("key"), 3); }},
      {"pin",
       [](firn_db* db) {
         firn_pin_t pin = {nullptr, 0, 0, db};
         const int32_t code = firn_pin(db, 0, bytes("key"), 3, &pin);
         EXPECT_EQ(pin.owner != nullptr, code == FIRN_OK);
         firn_unpin(&pin);
         return code;
       }},
      {"write", [](firn_db* db) { return firn_write(db, nullptr, 0, 0); }},
      {"multi_get", [](firn_db* db) { return firn_multi_get(db, nullptr, 0, nullptr, 0); }},
      {"multi_pin",
       [](firn_db* db) {
         firn_pin_t pin = {nullptr, 0, 0, db};
         const int64_t code = firn_multi_pin(db, nullptr, 0, nullptr, 0, &pin);
         EXPECT_EQ(pin.owner, nullptr) << "zeroed also when nothing is looked up";
         return code;
       }},
      {"scan", scan_code},
      {"ns_open", [](firn_db* db) { return firn_ns_open(db, bytes("name"), 4, 0); }},
      {"ns_clear", [](firn_db* db) { return firn_ns_clear(db, 0); }},
      {"ns_drop", [](firn_db* db) { return firn_ns_drop(db, 1); }},
      {"ns_list", [](firn_db* db) { return firn_ns_list(db, nullptr, 0); }},
      {"stats_json", [](firn_db* db) { return firn_stats_json(db, nullptr, 0); }},
      {"stats",
       [](firn_db* db) {
         firn_stats_t stats;
         stats.struct_size = sizeof stats;
         return firn_stats(db, &stats);
       }},
      {"resume", [](firn_db* db) { return firn_resume(db); }},
      {"checkpoint", [](firn_db* db) { return firn_checkpoint(db, nullptr, nullptr); }},
      {"backup_begin",
       [](firn_db* db) {
         firn_error error = FIRN_ERROR_INIT;
         (void)firn_backup_finish(firn_backup_begin(db, nullptr, &error), nullptr);
         return error.code;
       }},
      {"stats_prometheus", [](firn_db* db) { return firn_stats_prometheus(db, nullptr, 0); }},
      {"events_poll", [](firn_db* db) { return firn_events_poll(db, 0, nullptr, 0); }},
      {"get_entry", [](firn_db* db) { return firn_get_entry(db, 0, bytes("key"), 3, nullptr, 0, nullptr); }},
      {"put_ex", [](firn_db* db) { return firn_put_ex(db, 0, bytes("key"), 3, nullptr, 0, nullptr); }},
      {"compare_swap", [](firn_db* db) { return firn_compare_swap(db, 0, bytes("key"), 3, nullptr, 0, nullptr, 0, 0); }},
      {"swap", [](firn_db* db) { return firn_swap(db, 0, bytes("key"), 3, nullptr, 0, nullptr, 0); }},
      {"add", [](firn_db* db) { return firn_add(db, 0, bytes("n"), 1, 1).status; }},
      {"add_to", [](firn_db* db) { return firn_add_to(db, 0, bytes("n"), 1, 1, nullptr); }},
      {"expire", [](firn_db* db) { return firn_expire(db, 0, bytes("key"), 3, 1000); }},
      {"persist", [](firn_db* db) { return firn_persist(db, 0, bytes("key"), 3); }},
      {"ttl", [](firn_db* db) { return firn_ttl(db, 0, bytes("key"), 3); }},
      {"delete_range", [](firn_db* db) { return firn_delete_range(db, 0, nullptr, 0, nullptr, 0, 0); }},
      {"txn_begin",
       [](firn_db* db) {
         firn_error error = FIRN_ERROR_INIT;
         firn_txn_close(firn_txn_begin(db, 0, &error));
         return error.code;
       }},
      {"wait_durable", [](firn_db* db) { return firn_wait_durable(db, 0, 0); }},
      {"wake", [](firn_db* db) { return firn_wake(db); }},
      {"notify_fd", [](firn_db* db) { return firn_notify_fd(db); }},
      {"changes", [](firn_db* db) { return firn_changes(db, 0, nullptr, 0, 0); }},
      {"changes_bounds",
       [](firn_db* db) {
         uint64_t first = 0, next = 0;
         return firn_changes_bounds(db, &first, &next);
       }},
      {"refresh", [](firn_db* db) { return firn_refresh(db); }},
      {"approximate_count", [](firn_db* db) { return firn_approximate_count(db, 0, nullptr, 0, nullptr, 0); }},
      {"approximate_bytes", [](firn_db* db) { return firn_approximate_bytes(db, 0, nullptr, 0, nullptr, 0); }},
  };
  return *functions;
}

inline const std::vector<Function<firn_iter>>& iter_functions() {
  static const auto* functions = new std::vector<Function<firn_iter>>{
      {"chunk",
       [](firn_iter* iter) {
         uint8_t out[64];
         return firn_iter_chunk(iter, out, sizeof out);
       }},
      {"entries",
       [](firn_iter* iter) {
         firn_kv kv;
         return firn_iter_entries(iter, &kv, 1);
       }},
      {"seek", [](firn_iter* iter) { return firn_iter_seek(iter, bytes("key"), 3); }},
  };
  return *functions;
}

inline const std::vector<Function<firn_txn>>& txn_functions() {
  static const auto* functions = new std::vector<Function<firn_txn>>{
      {"get", [](firn_txn* txn) { return firn_txn_get(txn, 0, bytes("key"), 3, nullptr, 0); }},
      {"get_entry", [](firn_txn* txn) { return firn_txn_get_entry(txn, 0, bytes("key"), 3, nullptr, 0, nullptr); }},
      {"exists", [](firn_txn* txn) { return firn_txn_exists(txn, 0, bytes("key"), 3); }},
      {"pin",
       [](firn_txn* txn) {
         firn_pin_t pin = {nullptr, 0, 0, txn};
         const int32_t code = firn_txn_pin(txn, 0, bytes("key"), 3, &pin);
         EXPECT_EQ(pin.owner != nullptr, code == FIRN_OK);
         firn_unpin(&pin);
         return code;
       }},
      {"multi_get", [](firn_txn* txn) { return firn_txn_multi_get(txn, nullptr, 0, nullptr, 0); }},
      {"multi_pin",
       [](firn_txn* txn) {
         firn_pin_t pin = {nullptr, 0, 0, txn};
         const int64_t code = firn_txn_multi_pin(txn, nullptr, 0, nullptr, 0, &pin);
         EXPECT_EQ(pin.owner, nullptr) << "zeroed also when nothing is looked up";
         return code;
       }},
      {"put", [](firn_txn* txn) { return firn_txn_put(txn, 0, bytes("key"), 3, nullptr, 0); }},
      {"delete", [](firn_txn* txn) { return firn_txn_delete(txn, 0, bytes("key"), 3); }},
      {"add", [](firn_txn* txn) { return firn_txn_add(txn, 0, bytes("n"), 1, 1).status; }},
      {"write", [](firn_txn* txn) { return firn_txn_write(txn, nullptr, 0); }},
      {"commit", [](firn_txn* txn) { return firn_txn_commit(txn); }},
      {"commit_ex", [](firn_txn* txn) { return firn_txn_commit_ex(txn, FIRN_SYNC); }},
  };
  return *functions;
}

inline const std::vector<Function<firn_options>>& options_functions() {
  static const auto* functions = new std::vector<Function<firn_options>>{
      {"set", [](firn_options* options) { return firn_options_set(options, "durability", "none"); }},
      {"set_u64", [](firn_options* options) { return firn_options_set_u64(options, "memtable_bytes", 1 << 20); }},
      {"parse", [](firn_options* options) { return firn_options_parse(options, "durability=none"); }},
  };
  return *functions;
}

inline const std::vector<Function<firn_backup>>& backup_functions() {
  static const auto* functions = new std::vector<Function<firn_backup>>{
      {"step", [](firn_backup* backup) { return firn_backup_step(backup, 1, nullptr); }},
      {"finish", [](firn_backup* backup) { return firn_backup_finish(backup, nullptr); }},
  };
  return *functions;
}

inline const std::vector<Function<firn_log>>& log_functions() {
  static const auto* functions = new std::vector<Function<firn_log>>{
      {"append", [](firn_log* log) { return firn_log_append(log, bytes("record"), 6); }},
      {"append_batch", [](firn_log* log) { return firn_log_append_batch(log, nullptr, 0); }},
      {"read", [](firn_log* log) { return firn_log_read(log, 0, nullptr, 0); }},
      {"read_chunk",
       [](firn_log* log) {
         uint8_t out[64];
         return firn_log_read_chunk(log, 0, out, sizeof out);
       }},
      {"pin",
       [](firn_log* log) {
         firn_pin_t pin = {nullptr, 0, 0, log};
         const int32_t code = firn_log_pin(log, 0, &pin);
         EXPECT_EQ(pin.owner != nullptr, code == FIRN_OK);
         firn_unpin(&pin);
         return code;
       }},
      {"seek_time", [](firn_log* log) { return firn_log_seek_time(log, 0); }},
      {"bounds",
       [](firn_log* log) {
         uint64_t first = 0, next = 0;
         const firn_log_range range = firn_log_bounds(log);
         EXPECT_TRUE(range.first == UINT64_MAX && range.next == UINT64_MAX);
         return firn_log_bounds_to(log, &first, &next);
       }},
      {"bounds_to",
       [](firn_log* log) {
         uint64_t first = 0, next = 0;
         return firn_log_bounds_to(log, &first, &next);
       }},
      {"durable", [](firn_log* log) { return firn_log_durable(log); }},
      {"sync", [](firn_log* log) { return firn_log_sync(log); }},
      {"wait", [](firn_log* log) { return firn_log_wait(log, 0, 0); }},
      {"wake", [](firn_log* log) { return firn_log_wake(log); }},
      {"notify_fd", [](firn_log* log) { return firn_log_notify_fd(log); }},
      {"trim_before", [](firn_log* log) { return firn_log_trim_before(log, 0); }},
      {"trim_after", [](firn_log* log) { return firn_log_trim_after(log, 0); }},
      {"reset", [](firn_log* log) { return firn_log_reset(log, 0); }},
      {"retain", [](firn_log* log) { return firn_log_retain(log); }},
      {"refresh", [](firn_log* log) { return firn_log_refresh(log); }},
      {"recovery",
       [](firn_log* log) {
         firn_recovery_info info = FIRN_RECOVERY_INFO_INIT;
         return firn_log_recovery(log, &info);
       }},
      {"error", [](firn_log* log) { return firn_log_error(log, nullptr); }},
  };
  return *functions;
}

// As firn.h writes them.
inline constexpr const char* kHandleTypes[] = {"firn_db", "firn_iter", "firn_txn", "firn_options", "firn_backup", "firn_log"};

template <typename Handle>
void expect_all(const std::vector<Function<Handle>>& functions, const void* handle, int64_t code, const char* kind) {
  for (const auto& function : functions) {
    EXPECT_EQ(function.call(static_cast<Handle*>(const_cast<void*>(handle))), code) << function.name << " " << kind;
  }
}

}  // namespace firn_test
