// Open and close, durability, maintenance: the cold calls on a database.
#include "db/db.h"

#include <cstring>
#include <memory>

#include "args.h"
#include "call.h"
#include "env/thread_mark.h"
#include "error.h"
#include "options.h"
#include "recovery_info.h"

namespace firn {
namespace {

// The caller's firn_error is filled, also on success.
firn_db* open_failed(firn_error* error, const Status& status) {
  report(error, status);
  return nullptr;
}

firn_db* open(const char* path, const firn_options* options, firn_error* error) {
  if (path == nullptr || path[0] == '\0') return open_failed(error, {Code::kInvalid, "the path is empty: pass a directory, or :memory:"});
  DbOptions db_options;
  const Code code = read_options(options, &db_options);
  if (code != Code::kOk) return open_failed(error, {code, "options is not a handle of firn_options_new of this process"});
  if (db_options.has_log_only) return open_failed(error, {Code::kInvalid, "an option is for logs, not for databases"});
  ReservedHandle handle;
  if (!handle.ok()) return open_failed(error, Code::kNoMemory);
  Result<std::unique_ptr<Db>> opened = Db::open(path, db_options);
  if (!opened.ok()) return open_failed(error, opened.status());
  report(error, Status());
  return static_cast<firn_db*>(handle.publish<DbBody>(HandleType::kDb, opened->release(), db_options.single_threaded));
}

// A call that only has a status.
template <typename Body>
int32_t call_status(firn_db* db, Body&& body) {
  return guarded([&] {
    const DbCall call(db);
    if (!call.ok()) return to_c(call.code());
    return to_c(body(call.db()).code());
  });
}

}  // namespace

void fill_recovery(const RecoveryReport& found, firn_recovery_info* info) {
  firn_recovery_info filled = {};
  filled.clean = found.clean ? 1 : 0;
  filled.records_replayed = found.records_replayed;
  filled.bytes_replayed = found.bytes_replayed;
  filled.bytes_dropped = found.bytes_dropped;
  filled.dropped_offset = found.dropped_offset;
  const size_t n = std::min(found.dropped_file.size(), sizeof filled.dropped_file - 1);
  std::memcpy(filled.dropped_file, found.dropped_file.data(), n);
  copy_out(info, filled, 1);
  const size_t size = info->struct_size;
  if (size > offsetof(firn_recovery_info, dropped_file) && size < sizeof filled) reinterpret_cast<char*>(info)[size - 1] = '\0';
}

}  // namespace firn

using namespace firn;

firn_db* firn_open(const char* path, const firn_options* options, firn_error* error) {
  return guarded([&] { return open(path, options, error); }, [&](Code code) { return open_failed(error, code); });
}

int32_t firn_close(firn_db* db) {
  if (db == nullptr) return FIRN_OK;
  HandleSlot* slot = nullptr;
  const Code code = refuse_shared(db, HandleType::kDb, &slot);
  if (code != Code::kOk) return to_c(code);
  auto* body = slot->body_as<DbBody>();
  body->db->wake(true);  // not earlier: whom the descriptor tells must find the handle refused
  wait_for_users(db);
  const std::unique_ptr<Db> closing(body->db);
  body->~DbBody();
  unreserve_handle(slot);
  return guarded([&] { return to_c(closing->close().code()); });
}

int32_t firn_recovery(firn_db* db, firn_recovery_info* info) {
  return call_status(db, [&](Db& opened) -> Status {
    if (info == nullptr) return Code::kInvalid;
    fill_recovery(opened.recovery(), info);
    return Code::kOk;
  });
}

int32_t firn_sync(firn_db* db) {
  return call_status(db, [](Db& opened) { return opened.sync(); });
}

int32_t firn_refresh(firn_db* db) {
  return call_status(db, [](Db& opened) { return opened.refresh(); });
}

int32_t firn_flush(firn_db* db) {
  return call_status(db, [](Db& opened) { return opened.flush(); });
}

int32_t firn_compact(firn_db* db) {
  return call_status(db, [](Db& opened) { return opened.compact(); });
}

int32_t firn_run_jobs(firn_db* db, int32_t max_ms) {
  return guarded([&]() -> int32_t {
    const DbCall call(db);
    if (!call.ok()) return to_c(call.code());
    if (max_ms < 0) return FIRN_INVALID;
    const Result<bool> more = call->run_jobs(max_ms);
    if (!more.ok()) return to_c(more.status().code());
    return more.value() ? 1 : 0;
  });
}

int32_t firn_db_error(firn_db* db, firn_error* error) {
  return guarded([&] {
    const DbCall call(db);
    const Status status = call.ok() ? call->background_error() : Status(call.code());
    report(error, status);
    return to_c(status.code());
  });
}

int32_t firn_resume(firn_db* db) {
  return call_status(db, [](Db& opened) { return opened.resume(); });
}

int32_t firn_check(const char* path, firn_error* error) {
  const auto answer = [&](const Status& status) {
    report(error, status);
    return to_c(status.code());
  };
  return guarded(
      [&] {
        if (path == nullptr || path[0] == '\0') return answer({Code::kInvalid, "the path is empty: pass a directory"});
        return answer(Db::check(path));
      },
      [&](Code code) { return answer(code); });
}
