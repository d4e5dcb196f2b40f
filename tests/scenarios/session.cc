#include "scenarios/session.h"

#include <firn.h>

#include <cstdlib>

namespace firn_test {

Session::Session()
    : commands_({
          {"open", [this](const Command& c) { return open(c); }},
          {"close", [this](const Command&) { return close(); }},
          {"reopen",
           [this](const Command& c) {
             const Answer closed = close();
             return closed == Answer{"ok"} ? open(c) : closed;
           }},
          {"check", [this](const Command&) { return check(); }},
      }) {}

Session::Answer Session::run(const Command& command) {
  const auto at = commands_.find(command.name);
  if (at == commands_.end()) return {"unknown: " + command.name};
  return at->second(command);
}

int64_t number(const std::string& text) { return static_cast<int64_t>(std::strtoull(text.c_str(), nullptr, 10)); }
std::string error(int64_t code) { return std::string("error ") + firn_status_name(static_cast<int32_t>(code)); }
Session::Answer done(int64_t code) { return {code >= 0 ? "ok" : error(code)}; }
Session::Answer counted(int64_t count) { return {count >= 0 ? std::to_string(count) : error(count)}; }

}  // namespace firn_test
