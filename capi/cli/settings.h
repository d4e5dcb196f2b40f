// Settings: the arguments that every command shares.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace firn::cli {

struct Settings {
  std::string path;     // of the database
  std::string ns_name;  // empty: the default namespace
  bool json = false;
  bool hex = false;
  bool yes = false;
  bool dry_run = false;
  std::vector<std::string> options;  // "name=value" for firn_options_set

  // The bytes that an argument stands for: itself, or with --hex what its digits say. Throws Failure; `what` names the argument.
  std::string bytes_of(std::string_view argument, const char* what) const;
};

void add_output_options(CLI::App& command, Settings& settings);    // --json, --hex
void add_engine_options(CLI::App& command, Settings& settings);    // -o
void add_database_options(CLI::App& command, Settings& settings);  // DB, and both of the above
void add_namespace_option(CLI::App& command, Settings& settings);  // --ns, for commands that work on keys

}  // namespace firn::cli
