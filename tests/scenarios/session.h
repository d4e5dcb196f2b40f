// What a scenario is run on: commands by name, and the words in which they answer.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "scenarios/scenario_file.h"

namespace firn_test {

class Session {
 public:
  using Answer = std::vector<std::string>;

  virtual ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // The answer of one command. A command that is not known, or is used wrongly, answers "unknown: ...".
  Answer run(const Command& command);
  // False: this build does not support one of the options.
  virtual bool are_options_supported() const { return true; }

 protected:
  using Commands = std::map<std::string, std::function<Answer(const Command&)>>;

  Session();
  virtual Answer open(const Command& command) = 0;
  virtual Answer close() = 0;
  virtual Answer check() const = 0;
  // Commands beside open, close, reopen and check.
  void add(Commands commands) { commands_.merge(commands); }

 private:
  Commands commands_;
};

// Signed or unsigned, as two's complement.
int64_t number(const std::string& text);
std::string error(int64_t code);
Session::Answer done(int64_t code);
// The count, or the code's name.
Session::Answer counted(int64_t count);

}  // namespace firn_test
