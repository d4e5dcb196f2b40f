#include "compare/json_lines.h"

#include <ctime>

#include "compare/child.h"
#include "compare/machine.h"

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

JsonObject& JsonObject::member(const std::string& name, const std::string& value) {
  if (!members_.empty()) members_ += ',';
  members_ += quoted(name) + ":" + value;
  return *this;
}

JsonObject& JsonObject::text(const std::string& name, const std::string& value) { return member(name, quoted(value)); }

JsonObject& JsonObject::number(const std::string& name, double value) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.9g", value);
  return member(name, digits);
}

JsonObject& JsonObject::flag(const std::string& name, bool value) { return member(name, value ? "true" : "false"); }

JsonObject& JsonObject::metrics(const Metrics& metrics) {
  for (const auto& [name, value] : metrics) number(name, value);
  return *this;
}

JsonObject run_conditions() {
  char date[32];
  const std::time_t now = std::time(nullptr);
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
  return JsonObject().text("run", date).text("processor", processor_name());
}

JsonLines::JsonLines(const std::string& path) {
  if (path.empty()) return;
  file_ = std::fopen(path.c_str(), "ae");
  if (file_ == nullptr) fail("cannot write " + path);
}

JsonLines::~JsonLines() {
  if (file_ != nullptr) std::fclose(file_);
}

void JsonLines::write(const JsonObject& object) {
  if (file_ == nullptr) return;
  std::fputs(object.line().c_str(), file_);
  std::fflush(file_);
}

}  // namespace bench
