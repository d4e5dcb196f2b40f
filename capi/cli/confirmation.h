// Confirmation: whoever destroys says so twice, with --yes or on the terminal; or only looks, with --dry-run.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "settings.h"

namespace firn::cli {

void add_confirmation_options(CLI::App& command, Settings& settings);  // --yes, --dry-run

// true: do it. false: --dry-run, and what would be done was printed. Throws Failure when nobody confirmed. `question` ends with a question mark.
bool confirm(const Settings& settings, const std::string& question);

}  // namespace firn::cli
