// Checkpoints, backups and restorations: copies of a database, behind calls that block and handles that are stepped.
#include "db/backup.h"

#include <algorithm>
#include <memory>

#include "args.h"
#include "base/coding.h"
#include "call.h"
#include "env/posix_env.h"
#include "env/thread_mark.h"
#include "error.h"

namespace firn {
namespace {

constexpr uint64_t kStepBytes = uint64_t{8} << 20;
constexpr size_t kListedBytes = 40;

struct BackupBody {
  BackupJob* job;
  const firn_db* db;  // nullptr: a restoration
};

template <typename Integer>
Integer fail(firn_error* error, const Status& status) {
  report(error, status);
  return to_c(status.code());
}

firn_backup* begin_failed(firn_error* error, const Status& status) {
  report(error, status);
  return nullptr;
}

bool is_path(const char* path) { return path != nullptr && path[0] != '\0'; }
Status no_path() { return {Code::kInvalid, "the path is empty: pass a directory"}; }

// `begin` gives the job.
template <typename Begin>
firn_backup* publish(const firn_db* db, firn_error* error, const Begin& begin) {
  ReservedHandle handle;
  if (!handle.ok()) return begin_failed(error, Code::kNoMemory);
  Result<std::unique_ptr<BackupJob>> job = begin();
  if (!job.ok()) return begin_failed(error, job.status());
  report(error, Status());
  return static_cast<firn_backup*>(handle.publish<BackupBody>(HandleType::kBackup, job->release(), db));
}

void fill(const BackupJob& job, firn_backup_progress* progress) {
  if (progress == nullptr) return;
  const CopyProgress& done = job.progress();
  copy_out(
      progress,
      {sizeof *progress, 0, done.bytes_total, done.bytes_done, done.bytes_linked, done.tables_total, done.tables_done, job.seq().value},
      sizeof(uint64_t));
}

int32_t step(BackupJob& job, uint64_t max_bytes, firn_backup_progress* progress) {
  const ThreadPark park;
  const Result<bool> more = job.step(max_bytes != 0 ? max_bytes : kStepBytes);
  fill(job, progress);
  if (!more.ok()) return to_c(more.status().code());
  return *more ? 1 : 0;
}

Result<std::string> list(const char* dir) {
  FIRN_TRY_ASSIGN(const auto backups, list_backups(posix_env(), dir));
  std::string packed;
  for (const BackupInfo& backup : backups) {
    FIRN_TRY_ASSIGN(const BackupContent content, backup_content(posix_env(), dir, backup));
    uint8_t entry[kListedBytes];
    store<uint64_t>(entry, backup.id);
    store<int64_t>(entry + 8, backup.time_ms);
    store<uint64_t>(entry + 16, content.version.value);
    store<uint64_t>(entry + 24, content.bytes);
    store<uint64_t>(entry + 32, content.table_count);
    packed.append(reinterpret_cast<const char*>(entry), sizeof entry);
  }
  return packed;
}

// A call on one backup of a directory that only has a status.
template <typename Body>
int32_t call_on_backup(const char* dir, firn_error* error, const Body& body) {
  return guarded(
      [&] {
        const Status status = is_path(dir) ? body() : no_path();
        return fail<int32_t>(error, status);
      },
      [&](Code code) { return fail<int32_t>(error, code); });
}

}  // namespace
}  // namespace firn

using namespace firn;

int32_t firn_checkpoint(firn_db* db, const char* dir, firn_error* error) {
  return guarded(
      [&] {
        const DbCall call(db);
        if (!call.ok()) return fail<int32_t>(error, call.code());
        return fail<int32_t>(error, is_path(dir) ? call->checkpoint(dir) : no_path());
      },
      [&](Code code) { return fail<int32_t>(error, code); });
}

firn_backup* firn_backup_begin(firn_db* db, const char* dir, firn_error* error) {
  return guarded(
      [&]() -> firn_backup* {
        const DbCall call(db);
        if (!call.ok()) return begin_failed(error, call.code());
        if (!is_path(dir)) return begin_failed(error, no_path());
        return publish(db, error, [&] { return call->begin_backup(dir); });
      },
      [&](Code code) { return begin_failed(error, code); });
}

firn_backup* firn_restore_begin(const char* dir, uint64_t id, const char* to, firn_error* error) {
  return guarded(
      [&]() -> firn_backup* {
        if (!is_path(dir) || !is_path(to)) return begin_failed(error, no_path());
        return publish(nullptr, error, [&] { return BackupJob::begin_restore(posix_env(), dir, id, to); });
      },
      [&](Code code) { return begin_failed(error, code); });
}

int32_t firn_backup_step(firn_backup* backup, uint64_t max_bytes, firn_backup_progress* progress) {
  return guarded([&]() -> int32_t {
    const ExclusiveUse use(backup, HandleType::kBackup, WhenBusy::kRefuse);
    if (use.code() != Code::kOk) return to_c(use.code());
    const auto* body = use.slot()->body_as<BackupBody>();
    if (body->db == nullptr) return step(*body->job, max_bytes, progress);
    const DbCall call(body->db);
    if (call.ok()) return step(*body->job, max_bytes, progress);
    body->job->fail(Code::kClosed);
    return to_c(Code::kClosed);
  });
}

int64_t firn_backup_finish(firn_backup* backup, firn_error* error) {
  HandleSlot* slot = nullptr;
  const Code code = close_exclusive(backup, HandleType::kBackup, &slot);
  if (code != Code::kOk) return fail<int64_t>(error, code);
  const std::unique_ptr<BackupJob> job(slot->body_as<BackupBody>()->job);
  unreserve_handle(slot);
  return guarded(
      [&]() -> int64_t {
        const Result<uint64_t> id = job->finish();
        if (!id.ok()) return fail<int64_t>(error, id.status());
        report(error, Status());
        return static_cast<int64_t>(*id);
      },
      [&](Code exhausted) { return fail<int64_t>(error, exhausted); });
}

int64_t firn_backup_list(const char* dir, uint8_t* out, size_t cap, firn_error* error) {
  return guarded(
      [&]() -> int64_t {
        if (!is_path(dir)) return fail<int64_t>(error, no_path());
        if (check_buffer(out, cap) != Code::kOk) return fail<int64_t>(error, Code::kInvalid);
        const Result<std::string> packed = list(dir);
        if (!packed.ok()) return fail<int64_t>(error, packed.status());
        if (packed->size() <= cap) std::copy(packed->begin(), packed->end(), out);
        report(error, Status());
        return static_cast<int64_t>(packed->size());
      },
      [&](Code code) { return fail<int64_t>(error, code); });
}

int32_t firn_backup_verify(const char* dir, uint64_t id, firn_error* error) {
  return call_on_backup(dir, error, [&] { return verify_backup(posix_env(), dir, id); });
}

int32_t firn_backup_delete(const char* dir, uint64_t id, firn_error* error) {
  return call_on_backup(dir, error, [&] { return delete_backup(posix_env(), dir, id); });
}
