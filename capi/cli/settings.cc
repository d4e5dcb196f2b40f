#include "settings.h"

#include "encoding.h"
#include "failure.h"

namespace firn::cli {

std::string Settings::bytes_of(std::string_view argument, const char* what) const {
  if (!hex) return std::string(argument);
  std::string bytes;
  if (!append_from_hex(bytes, argument))
    throw usage_failure(std::string(what) + " is not hexadecimal, as --hex asks: pairs of 0-9 and a-f");
  return bytes;
}

void add_output_options(CLI::App& command, Settings& settings) {
  command.add_flag("--json", settings.json, "Print JSON: one object a line; errors too, on standard error");
  command.add_flag("--hex", settings.hex, "Keys, values and namespace names are hexadecimal, in arguments, input and output");
}

void add_engine_options(CLI::App& command, Settings& settings) {
  // A function, because the option exists twice, before and behind the command's name, and what both give is taken.
  command
      .add_option_function<std::vector<std::string>>(
          "-o,--option",
          [&settings](const std::vector<std::string>& texts) {
            settings.options.insert(settings.options.end(), texts.begin(), texts.end());
          },
          "An option of the engine, see `firn options`; may be given many times")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
}

void add_database_options(CLI::App& command, Settings& settings) {
  command.add_option("DB", settings.path, "Directory of the database")->required();
  add_engine_options(command, settings);
  add_output_options(command, settings);
}

void add_namespace_option(CLI::App& command, Settings& settings) {
  command.add_option("--ns", settings.ns_name, "Namespace to work in; put and load create it when it is missing")->type_name("NAME");
}

}  // namespace firn::cli
