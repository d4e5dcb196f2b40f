// EngineOptions: the firn_options that -o and a command's own needs make.
#pragma once

#include <memory>
#include <string>

#include "firn.h"
#include "settings.h"

namespace firn::cli {

struct OptionsDeleter {
  void operator()(firn_options* options) const { firn_options_free(options); }
};
using EngineOptions = std::unique_ptr<firn_options, OptionsDeleter>;

// Those of -o. Throws Failure with what the library's table says about an option that is not taken.
EngineOptions engine_options_of(const Settings& settings, bool create);
void set_engine_option(firn_options* options, const std::string& name, const std::string& value);

}  // namespace firn::cli
