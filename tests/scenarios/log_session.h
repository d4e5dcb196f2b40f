// What a scenario of folder log/ is run on: a durable log, through firn.h.
#pragma once

#include <firn.h>

#include <map>
#include <string>
#include <vector>

#include "env/environment.h"
#include "scenarios/session.h"

namespace firn_test {

class LogSession : public Session {
 public:
  // Nothing is opened yet.
  explicit LogSession(std::vector<std::string> options);
  ~LogSession() override;

 private:
  Answer open(const Command& command) override;
  Answer close() final;
  Answer check() const override;
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
  std::map<std::string, firn_pin_t> pins_;
};

}  // namespace firn_test
