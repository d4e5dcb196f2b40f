// checkpoint, backup, backups, restore: consistent copies. The database is opened read-only, so that its writer goes on meanwhile.
#include <cstring>
#include <vector>

#include "columns.h"
#include "commands.h"
#include "confirmation.h"
#include "database.h"
#include "interrupt.h"
#include "json_writer.h"
#include "output.h"
#include "progress.h"

namespace firn::cli {
namespace {

struct BackupArguments {
  std::string dir;
  uint64_t id = 0;  // 0: the newest
  uint64_t verify_id = 0;
  uint64_t delete_id = 0;
  bool no_progress = false;
};

Settings read_only(const Settings& settings) {
  Settings changed = settings;
  changed.options.push_back("read_only=true");
  return changed;
}

[[noreturn]] void fail(int64_t code, const firn_error& error) { throw failure_of(static_cast<int32_t>(code), error); }

int checkpoint(const Settings& settings, const BackupArguments& arguments) {
  Database database(read_only(settings), OpenMode::kExisting);
  firn_error error = FIRN_ERROR_INIT;
  const int32_t code = firn_checkpoint(database.handle(), arguments.dir.c_str(), &error);
  if (code != FIRN_OK) fail(code, error);
  database.close();
  Output output;
  std::string line;
  if (settings.json) {
    JsonObject(line).bytes("checkpoint", arguments.dir, false).end();
  } else {
    line = "checkpoint in " + arguments.dir;
  }
  output.line(line);
  output.flush();
  return kExitOk;
}

// Steps to the end, or until interrupted: then finishing cancels, and nothing is left. Returns the number.
uint64_t run(firn_backup* backup, const char* verb, bool has_progress, firn_backup_progress* progress) {
  Progress bar(verb, 0, has_progress, "tables");
  int32_t more = 1;
  while (more == 1 && !is_interrupted()) {
    more = firn_backup_step(backup, 0, progress);
    bar.set_total(progress->bytes_total);
    bar.update(progress->tables_done, progress->bytes_done);
  }
  bar.clear();
  firn_error error = FIRN_ERROR_INIT;
  const int64_t id = firn_backup_finish(backup, &error);
  if (id < 0) fail(id, error);
  return static_cast<uint64_t>(id);
}

void print_done(const Settings& settings, const char* name, const char* verb, uint64_t id, const firn_backup_progress& progress) {
  Output output;
  std::string line;
  if (settings.json) {
    JsonObject(line)
        .number(name, id)
        .number("version", progress.version)
        .number("tables", progress.tables_total)
        .number("bytes", progress.bytes_total)
        .number("bytes_linked", progress.bytes_linked)
        .end();
  } else {
    line = std::string(verb) + " " + std::to_string(id) + ": " + grouped(progress.tables_total) + " tables, " +
           readable_bytes(static_cast<double>(progress.bytes_total)) + ", of which " +
           readable_bytes(static_cast<double>(progress.bytes_linked)) + " did not have to be copied";
  }
  output.line(line);
  output.flush();
}

int backup(const Settings& settings, const BackupArguments& arguments) {
  Database database(read_only(settings), OpenMode::kExisting);
  catch_interrupts();
  firn_error error = FIRN_ERROR_INIT;
  firn_backup* const handle = firn_backup_begin(database.handle(), arguments.dir.c_str(), &error);
  if (handle == nullptr) fail(error.code, error);
  firn_backup_progress progress = FIRN_BACKUP_PROGRESS_INIT;
  const uint64_t id = run(handle, "backing up", !arguments.no_progress, &progress);
  database.close();
  print_done(settings, "backup", "backup", id, progress);
  return kExitOk;
}

struct Backup {
  uint64_t id;
  int64_t time_ms;
  uint64_t version;
  uint64_t bytes;
  uint64_t tables;
};

std::vector<Backup> list_of(const std::string& dir) {
  firn_error error = FIRN_ERROR_INIT;
  std::string packed;
  int64_t bytes = firn_backup_list(dir.c_str(), nullptr, 0, &error);
  // Another process may add one between the two calls.
  while (bytes >= 0 && static_cast<size_t>(bytes) > packed.size()) {
    packed.resize(static_cast<size_t>(bytes));
    bytes = firn_backup_list(dir.c_str(), reinterpret_cast<uint8_t*>(packed.data()), packed.size(), &error);
  }
  if (bytes < 0) fail(bytes, error);
  std::vector<Backup> backups(static_cast<size_t>(bytes) / sizeof(Backup));
  std::memcpy(backups.data(), packed.data(), backups.size() * sizeof(Backup));
  return backups;
}

void print_list(const Settings& settings, const std::vector<Backup>& backups) {
  Output output;
  Columns columns({"backup", "time_ms", "version", "tables", "bytes"});
  for (const Backup& one : backups) {
    std::string line;
    JsonObject(line)
        .number("backup", one.id)
        .integer("time_ms", one.time_ms)
        .number("version", one.version)
        .number("tables", one.tables)
        .number("bytes", one.bytes)
        .end();
    if (settings.json) output.line(line);
    columns.row({std::to_string(one.id), std::to_string(one.time_ms), std::to_string(one.version), std::to_string(one.tables),
                 readable_bytes(static_cast<double>(one.bytes))});
  }
  if (!settings.json) columns.print(output);
  output.flush();
}

int backups(const Settings& settings, const BackupArguments& arguments) {
  if (arguments.verify_id != 0 && arguments.delete_id != 0) throw usage_failure("backups takes one of --verify and --delete");
  firn_error error = FIRN_ERROR_INIT;
  int32_t code = FIRN_OK;
  if (arguments.delete_id != 0) {
    if (!confirm(settings, "Delete backup " + std::to_string(arguments.delete_id) + " of " + arguments.dir + "?")) return kExitOk;
    code = firn_backup_delete(arguments.dir.c_str(), arguments.delete_id, &error);
  } else if (arguments.verify_id != 0) {
    code = firn_backup_verify(arguments.dir.c_str(), arguments.verify_id, &error);
  } else {
    print_list(settings, list_of(arguments.dir));
    return kExitOk;
  }
  if (code != FIRN_OK) fail(code, error);
  Output output;
  std::string line;
  const bool is_deleted = arguments.delete_id != 0;
  if (settings.json) {
    JsonObject(line)
        .boolean("ok", true)
        .number(is_deleted ? "deleted" : "verified", is_deleted ? arguments.delete_id : arguments.verify_id)
        .end();
  } else {
    line = is_deleted ? "deleted" : "ok: every checksum verifies";
  }
  output.line(line);
  output.flush();
  return kExitOk;
}

int restore(const Settings& settings, const BackupArguments& arguments) {
  uint64_t id = arguments.id;
  if (id == 0) {
    const std::vector<Backup> all = list_of(arguments.dir);
    if (all.empty()) throw Failure{FIRN_NOT_FOUND, "there are no backups here", arguments.dir};
    id = all.back().id;
  }
  if (settings.dry_run) {
    confirm(settings, "Restore backup " + std::to_string(id) + " of " + arguments.dir + " as " + settings.path + "?");
    return kExitOk;
  }
  catch_interrupts();
  firn_error error = FIRN_ERROR_INIT;
  firn_backup* const handle = firn_restore_begin(arguments.dir.c_str(), id, settings.path.c_str(), &error);
  if (handle == nullptr) fail(error.code, error);
  firn_backup_progress progress = FIRN_BACKUP_PROGRESS_INIT;
  run(handle, "restoring", !arguments.no_progress, &progress);
  print_done(settings, "restored", "restored backup", id, progress);
  return kExitOk;
}

}  // namespace

void add_backup_commands(CLI::App& app, Invocation& invocation) {
  const auto arguments = std::make_shared<BackupArguments>();
  const auto add = [&](const char* name, const char* text, int (*command)(const Settings&, const BackupArguments&)) {
    CLI::App* const sub = app.add_subcommand(name, text);
    sub->callback([&invocation, arguments, command] {
      invocation.run = [&invocation, arguments, command] { return command(invocation.settings, *arguments); };
    });
    return sub;
  };
  CLI::App* const pointing =
      add("checkpoint", "Make a copy of a database that opens by itself, by links where it can; the writer goes on", checkpoint);
  add_database_options(*pointing, invocation.settings);
  pointing->add_option("DIR", arguments->dir, "Directory of the copy; must not exist")->required();
  CLI::App* const saving =
      add("backup", "Add a backup to a directory of backups; what an earlier one has is not copied; the writer goes on", backup);
  add_database_options(*saving, invocation.settings);
  saving->add_option("DIR", arguments->dir, "Directory of the backups; made when missing")->required();
  CLI::App* const listing = add("backups", "List the backups of a directory; verify or delete one", backups);
  listing->add_option("DIR", arguments->dir, "Directory of the backups")->required();
  listing->add_option("--verify", arguments->verify_id, "Verify every byte of this one")->type_name("ID");
  listing->add_option("--delete", arguments->delete_id, "Delete this one; the others stay whole")->type_name("ID");
  add_output_options(*listing, invocation.settings);
  add_confirmation_options(*listing, invocation.settings);
  CLI::App* const restoring = add("restore", "Make a database out of a backup, every byte of which is verified", restore);
  restoring->add_option("DIR", arguments->dir, "Directory of the backups")->required();
  restoring->add_option("DB", invocation.settings.path, "Directory of the database to make; must not exist")->required();
  restoring->add_option("--id", arguments->id, "Which backup; without it, the newest")->type_name("ID");
  restoring->add_flag("--dry-run", invocation.settings.dry_run, "Say what would be done, and change nothing");
  add_output_options(*restoring, invocation.settings);
  for (CLI::App* const sub : {saving, restoring})
    sub->add_flag("--no-progress", arguments->no_progress, "No progress bar, also on a terminal");
}

}  // namespace firn::cli
