// The commands. Each function declares its subcommands on `app`; parsing one of them puts the work to do into `run`, which returns the exit
// status or throws Failure or OutputClosed.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "settings.h"

namespace firn::cli {

struct Invocation {
  Settings settings;
  std::function<int()> run;
};

void add_load_command(CLI::App& app, Invocation& invocation);
void add_compare_command(CLI::App& app, Invocation& invocation);
void add_key_commands(CLI::App& app, Invocation& invocation);        // get, put, del
void add_value_commands(CLI::App& app, Invocation& invocation);      // incr, cas, ttl
void add_transfer_commands(CLI::App& app, Invocation& invocation);   // dump, import, export
void add_scan_commands(CLI::App& app, Invocation& invocation);       // scan, count
void add_namespace_commands(CLI::App& app, Invocation& invocation);  // ns list, open, clear, drop
void add_operate_commands(CLI::App& app, Invocation& invocation);    // stat, compact, check
void add_backup_commands(CLI::App& app, Invocation& invocation);     // checkpoint, backup, backups, restore
void add_salvage_command(CLI::App& app, Invocation& invocation);
void add_inspect_commands(CLI::App& app, Invocation& invocation);  // levels, table, wal, manifest, explain-key
void add_log_commands(CLI::App& app, Invocation& invocation);      // log append, read, tail, stat, trim, check
void add_top_command(CLI::App& app, Invocation& invocation);
void add_serve_command(CLI::App& app, Invocation& invocation);
void add_bigkeys_command(CLI::App& app, Invocation& invocation);
void add_bench_command(CLI::App& app, Invocation& invocation);
void add_selftest_command(CLI::App& app, Invocation& invocation);
void add_completion_command(CLI::App& app, Invocation& invocation);  // after all others, whose options it prints
void add_options_command(CLI::App& app, Invocation& invocation);

}  // namespace firn::cli
