// options: the library's table of options, for -o.
#include "commands.h"
#include "database.h"
#include "json_writer.h"
#include "output.h"

namespace firn::cli {
namespace {

std::string json_of(const firn_option_info& info) {
  std::string line;
  JsonObject(line)
      .text("name", info.name)
      .text("type", info.type)
      .text("default", info.default_value)
      .text("range", info.range)
      .boolean("for_db", (info.flags & FIRN_OPTION_FOR_DB) != 0)
      .boolean("for_log", (info.flags & FIRN_OPTION_FOR_LOG) != 0)
      .text("text", info.text)
      .end();
  return line;
}

int list_options(const Settings& settings) {
  Output output;
  for (uint32_t i = 0; i < firn_option_count(); ++i) {
    firn_option_info info = FIRN_OPTION_INFO_INIT;
    if (const int32_t code = firn_option_info_at(i, &info); code != FIRN_OK) throw Failure{code, firn_status_text(code), {}};
    if (settings.json) {
      output.line(json_of(info));
    } else if ((info.flags & FIRN_OPTION_FOR_DB) != 0) {
      output.line(std::string(info.name) + "=" + info.default_value + "  (" + info.type + ", " + info.range + ")");
      output.line(std::string("    ") + info.text);
    }
  }
  output.flush();
  return kExitOk;
}

}  // namespace

void add_options_command(CLI::App& app, Invocation& invocation) {
  CLI::App* const sub = app.add_subcommand("options", "List the options that -o takes, with defaults and ranges");
  add_output_options(*sub, invocation.settings);
  sub->callback([&invocation] { invocation.run = [&invocation] { return list_options(invocation.settings); }; });
}

}  // namespace firn::cli
