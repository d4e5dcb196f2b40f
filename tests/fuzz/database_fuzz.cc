// A real database with damaged files, checksums made right if the first byte says so: it is opened, scanned both ways, asked for keys and changes, written to, flushed, compacted,
// checked, inspected, copied out of its backups and salvaged. Whatever the calls answer, nothing crashes.
#include "crashfs/crash_fs.h"
#include "db/backup.h"
#include "db/db.h"
#include "db/inspection.h"
#include "db/salvage.h"
#include "env/thread_mark.h"
#include "fuzz/directory_image.h"

namespace {

using namespace firn;

constexpr int kSteps = 500;

DbOptions options_of(uint8_t flags) {
  DbOptions options;
  options.create_if_missing = false;
  options.single_threaded = true;
  options.memtable_bytes = 4096;
  options.changes_retention_bytes = uint64_t{1} << 20;
  options.read_only = (flags & 1) != 0;
  options.table_io = (flags & 2) != 0 ? TableIo::kPread : TableIo::kMmap;
  options.log_io = (flags & 4) != 0 ? LogIo::kPwrite : LogIo::kMmap;
  options.verify_on_open = (flags & 8) != 0;
  return options;
}

void read(Db& db) {
  const Snapshot snapshot = db.snapshot();
  auto namespaces = db.ns_list();
  namespaces.emplace_back(0, "");
  for (const auto& [id, name] : namespaces) {
    const auto iterator = db.new_iterator(snapshot, id);
    if (!iterator.ok()) continue;
    int left = kSteps;
    for ((*iterator)->seek_to_first(); (*iterator)->valid() && left-- > 0; (*iterator)->next()) {
      uint8_t buf[64];
      (void)db.get(id, (*iterator)->entry().key.user, buf, sizeof buf).ok();
    }
    for ((*iterator)->seek_to_last(); (*iterator)->valid() && left-- > 0;) (*iterator)->prev();
  }
  uint8_t out[512];
  Seq from = db.changes_bounds().first;
  for (int i = 0; i < kSteps; i++) {
    size_t needed = 0;
    const auto bytes = db.changes(from, i % 2 == 0, out, sizeof out, &needed);
    if (!bytes.ok() || *bytes == 0 || *bytes > sizeof out) break;
    from.value++;
  }
  (void)db.stats_json();
}

void use(Db& db) {
  for (int i = 0; i < 3; i++) {
    const std::string key = "key" + std::to_string(i);
    const std::string value(1500, 'v');
    const Operation operation = make_put(0, Slice(key), Slice(value), kNeverExpires);
    (void)db.write(&operation, 1, {.sync = i == 1}).ok();
  }
  (void)db.flush().ok();
  (void)db.compact().ok();
  (void)db.ns_open(Slice(std::string_view("new")), false).ok();
}

void open_and_use(Env& env, const char* path, const DbOptions& options) {
  auto db = Db::open(path, options, env);
  if (!db.ok()) return;
  {
    const ThreadMark mark;
    read(**db);
    if (!options.read_only) use(**db);
  }
  (void)(*db)->close().ok();
}

void restore(Env& env) {
  const auto backups = list_backups(env, kFuzzBackups);
  if (!backups.ok()) return;
  for (const BackupInfo& backup : *backups) {
    (void)backup_content(env, kFuzzBackups, backup).ok();
    (void)verify_backup(env, kFuzzBackups, backup.id).ok();
    auto job = BackupJob::begin_restore(env, kFuzzBackups, backup.id, "/restored-" + std::to_string(backup.id));
    if (!job.ok()) continue;
    for (Result<bool> goes_on = true; goes_on.ok() && *goes_on;) goes_on = (*job)->step(1 << 20);
    (void)(*job)->finish().ok();
  }
}

}  // namespace

FIRN_FUZZ_TARGET(database)(FuzzInput& input) {
  const uint8_t flags = input.byte();
  const uint8_t tasks = input.byte();
  const DiskImage image = damaged(database_image((flags & 32) != 0), input, (flags & 16) != 0);
  input.also_reads(bytes_of(image));
  CrashFs fs(image);
  if ((tasks & 1) != 0) {
    for (InspectionPart part : {InspectionPart::kManifest, InspectionPart::kTables, InspectionPart::kLog})
      (void)inspect(kFuzzDatabase, part, fs).ok();
    (void)explain_key(kFuzzDatabase, Slice(), Slice(std::string_view("key107")), fs).ok();
  }
  if ((tasks & 2) != 0) (void)salvage(fs, kFuzzDatabase, "/salvaged").ok();
  if ((tasks & 4) != 0) restore(fs);
  if ((tasks & 8) != 0) (void)Db::check(kFuzzDatabase, fs).ok();
  open_and_use(fs, kFuzzDatabase, options_of(flags));
  if ((flags & 1) == 0) open_and_use(fs, kFuzzDatabase, options_of(flags | 1));
}
