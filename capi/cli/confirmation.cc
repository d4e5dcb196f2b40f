#include "confirmation.h"

#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "encoding.h"
#include "failure.h"
#include "json_writer.h"
#include "output.h"
#include "terminal.h"

namespace firn::cli {
namespace {

void print_dry_run(const Settings& settings, const std::string& question) {
  Output output;
  std::string line;
  if (settings.json) {
    JsonObject(line).boolean("dry_run", true).bytes("would", question, false).end();
  } else {
    line = "dry run, nothing has changed: ";
    append_printable(line, question);
  }
  output.line(line);
  output.flush();
}

}  // namespace

void add_confirmation_options(CLI::App& command, Settings& settings) {
  command.add_flag("--yes", settings.yes, "Do not ask");
  command.add_flag("--dry-run", settings.dry_run, "Say what would be done, and change nothing");
}

bool confirm(const Settings& settings, const std::string& question) {
  if (settings.dry_run) {
    print_dry_run(settings, question);
    return false;
  }
  if (settings.yes) return true;
  if (!is_terminal(STDIN_FILENO)) throw usage_failure(question + " Say so with --yes");
  std::string prompt;
  append_printable(prompt, question);
  std::fprintf(stderr, "%s [y/N] ", prompt.c_str());
  char answer[16] = "";
  if (std::fgets(answer, sizeof answer, stdin) == nullptr || (std::strcmp(answer, "y\n") != 0 && std::strcmp(answer, "yes\n") != 0)) {
    throw usage_failure("not confirmed; nothing has changed");
  }
  return true;
}

}  // namespace firn::cli
