// What a scenario of folder log/ is run on: a durable log, through firn.h.
#pragma once

#include <firn.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "env/environment.h"
#include "scenarios/scenario_file.h"

namespace firn_test {

class LogSession {
 public:
  using Answer = std::vector<std::string>;

  // Nothing is opened yet.
  explicit LogSession(std::vector<std::string> options);
  ~LogSession();
  LogSession(const LogSession&) = delete;
  LogSession& operator=(const LogSession&) = delete;

  // The answer of one command. A command that is not known answers "unknown: ...".
  Answer run(const Command& command);
  bool are_options_supported() const { return true; }  // of a log, all are

 private:
  Answer open(const Command& command);
  Answer close();
  Answer check() const;
  Answer append(const Command& command);
  Answer append_batch(const Command& command);
  Answer fill(const Command& command);
  Answer read(const Command& command) const;
  Answer scan(const Command& command) const;
  Answer pin(const Command& command);
  Answer pinned(const Command& command) const;
  Answer bounds() const;
  std::string path() const { return directory_.path() + "/log"; }

  const std::vector<std::string> options_;
  firn::TemporaryDirectory directory_;
  firn_log* log_ = nullptr;
  std::map<std::string, std::function<Answer(const Command&)>> commands_;
  std::map<std::string, firn_pin_t> pins_;
};

}  // namespace firn_test
