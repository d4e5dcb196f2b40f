// firn: the command line of Firn. It uses firn.h and nothing else of the library. Files: one a noun; a command is declared and carried out in
// *_command.cc, arguments that all share are in settings.h, the exit statuses in failure.h, the rule for bytes in JSON in json_writer.h.
#include <csignal>
#include <new>
#include <string>

#include "commands.h"
#include "failure.h"
#include "firn.h"

namespace firn::cli {
namespace {

constexpr char kFooter[] =
    "\nKeys and values are bytes. In text, scan escapes tab, newline, carriage return, backslash and other control bytes (\\t \\n \\r \\\\ "
    "\\xHH),\n"
    "and get prints the value exactly. In JSON, bytes stand under their name when they are UTF-8 (\"key\"), else under name_base64\n"
    "(\"key_base64\"), and with --hex always under name_hex (\"key_hex\"). `firn scan A | firn load B` copies, with --json and --format "
    "jsonl too.\n"
    "An argument that begins with '-' goes behind `--`. -o, --json and --hex may stand before the command's name too.\n"
    "-o read_only=true reads beside a process that has the database open, and writes nothing.\n\n";

void declare(CLI::App& app, Invocation& invocation) {
  app.set_version_flag("--version", std::string("firn ") + firn_build_info());
  app.set_help_all_flag("--help-all", "Help for all commands");
  app.require_subcommand(1);
  app.footer(std::string(kFooter) + kExitStatusText);
  app.get_formatter()->column_width(34);
  add_engine_options(app, invocation.settings);
  add_output_options(app, invocation.settings);
  add_load_command(app, invocation);
  add_compare_command(app, invocation);
  add_key_commands(app, invocation);
  add_value_commands(app, invocation);
  add_scan_commands(app, invocation);
  add_transfer_commands(app, invocation);
  add_operate_commands(app, invocation);
  add_namespace_commands(app, invocation);
  add_backup_commands(app, invocation);
  add_salvage_command(app, invocation);
  add_inspect_commands(app, invocation);
  add_log_commands(app, invocation);
  add_options_command(app, invocation);
  add_top_command(app, invocation);
  add_serve_command(app, invocation);
  add_bigkeys_command(app, invocation);
  add_bench_command(app, invocation);
  add_selftest_command(app, invocation);
  add_completion_command(app, invocation);
}

// Help and version are "errors" of the parser that succeed.
int answer_parse_error(const CLI::App& app, const CLI::ParseError& error, bool json) {
  if (error.get_exit_code() == 0) return app.exit(error);
  std::string message = error.what();
  for (char& c : message) {
    if (c == '\n') c = ' ';
  }
  print_failure(usage_failure(message + "; see `firn --help`"), json);
  return kExitUsage;
}

int run(int argc, char** argv) {
  Invocation invocation;
  CLI::App app{"Firn, an embedded storage engine: load, read and look after a database", "firn"};
  declare(app, invocation);
  try {
    app.parse(argc, argv);
    return invocation.run();
  } catch (const CLI::ParseError& error) {
    return answer_parse_error(app, error, invocation.settings.json);
  } catch (const Failure& failure) {
    print_failure(failure, invocation.settings.json);
    return exit_status_of(failure.code);
  } catch (const OutputClosed&) {
    return kExitOk;
  } catch (const std::bad_alloc&) {
    print_failure(Failure{FIRN_NO_MEMORY, "no memory", {}}, invocation.settings.json);
    return kExitIo;
  }
}

}  // namespace
}  // namespace firn::cli

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is OutputClosed, so that the database is closed in order
  return firn::cli::run(argc, argv);
}
