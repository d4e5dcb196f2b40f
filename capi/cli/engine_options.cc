#include "engine_options.h"

#include "failure.h"

namespace firn::cli {
namespace {

// "compression takes none|lz4|zstd, not 'x'", from the library's own table of options.
std::string option_complaint(const std::string& name, const std::string& value) {
  firn_option_info info = FIRN_OPTION_INFO_INIT;
  for (uint32_t i = 0; i < firn_option_count(); ++i) {
    if (firn_option_info_at(i, &info) != FIRN_OK || name != info.name) continue;
    return "option " + name + " takes " + info.type + " " + info.range + ", not '" + value + "'";
  }
  return "there is no option '" + name + "': see `firn options`";
}

}  // namespace

void set_engine_option(firn_options* options, const std::string& name, const std::string& value) {
  const int32_t code = firn_options_set(options, name.c_str(), value.c_str());
  if (code == FIRN_OK) return;
  Failure failure = usage_failure(option_complaint(name, value));
  failure.code = code;
  if (code == FIRN_UNSUPPORTED) failure.message = "this build of firn lacks " + name + "=" + value;
  throw failure;
}

EngineOptions engine_options_of(const Settings& settings, bool create) {
  EngineOptions options(firn_options_new());
  if (!options) throw Failure{FIRN_NO_MEMORY, firn_status_text(FIRN_NO_MEMORY), {}};
  if (!create) set_engine_option(options.get(), "create_if_missing", "false");
  for (const std::string& text : settings.options) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos) throw usage_failure("-o takes name=value, not '" + text + "'");
    set_engine_option(options.get(), text.substr(0, equals), text.substr(equals + 1));
  }
  return options;
}

}  // namespace firn::cli
