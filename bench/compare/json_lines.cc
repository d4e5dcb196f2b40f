#include "compare/json_lines.h"

#include <ctime>

#include "compare/report.h"

namespace bench {
namespace {

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return result + "\"";
}

}  // namespace

JsonLines::JsonLines(const Options& options) {
  if (options.json_path.empty()) return;
  file_ = std::fopen(options.json_path.c_str(), "ae");
  if (file_ == nullptr) fail("cannot write " + options.json_path);
  char date[32];
  const std::time_t now = std::time(nullptr);
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
  conditions_ = std::string("\"run\":") + quoted(date) + ",\"processor\":" + quoted(processor_name()) +
                ",\"keys\":" + std::to_string(options.key_count) + ",\"key_kind\":" + quoted(key_kind_name(options.key_kind)) +
                ",\"key_bytes\":" + std::to_string(options.key_bytes) + ",\"value_bytes\":" + std::to_string(options.value_bytes) +
                ",\"threads\":" + std::to_string(options.threads);
}

JsonLines::~JsonLines() {
  if (file_ != nullptr) std::fclose(file_);
}

void JsonLines::write(const EngineInfo& engine, const Workload& workload, unsigned rep, const Metrics& metrics) {
  if (file_ == nullptr) return;
  std::string line = "{" + conditions_ + ",\"engine\":" + quoted(engine.name) + ",\"version\":" + quoted(engine.version) +
                     ",\"debug_package\":" + (engine.debug_package ? "true" : "false") + ",\"settings\":" + quoted(engine.settings) +
                     ",\"peer\":" + (engine.peer ? "true" : "false") + ",\"group\":" + quoted(workload.group) +
                     ",\"workload\":" + quoted(workload.name) + ",\"text\":" + quoted(workload.text) +
                     ",\"metric\":" + quoted(workload.metric) + ",\"unit\":" + quoted(workload.unit) +
                     ",\"higher_is_better\":" + (workload.higher_is_better ? "true" : "false") + ",\"rep\":" + std::to_string(rep);
  char number[64];
  for (const auto& [name, value] : metrics) {
    std::snprintf(number, sizeof number, ",\"%s\":%.9g", name.c_str(), value);
    line += number;
  }
  std::fprintf(file_, "%s}\n", line.c_str());
  std::fflush(file_);
}

}  // namespace bench
