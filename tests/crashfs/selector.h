// Selector: a variable of the environment that a replay narrows a test with to one case, by its name. A selector that is set and has met no case by the end of the program is a
// failure: nothing was repeated.
// Threading: one thread. Objects live as long as the program, and are made before its tests run.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace firn {

class Selector {
 public:
  explicit Selector(const char* variable) : variable_(variable), wanted_(std::getenv(variable)) {
    if (wanted_ != nullptr) testing::AddGlobalTestEnvironment(new Judge(*this));  // GoogleTest owns it
  }
  bool is_set() const { return wanted_ != nullptr; }
  // Whether this case is to be done: each of them when nothing is selected.
  bool wants(const std::string& name) {
    if (wanted_ == nullptr) return true;
    has_met_ = has_met_ || name == wanted_;
    return name == wanted_;
  }

 private:
  class Judge final : public testing::Environment {
   public:
    explicit Judge(const Selector& selector) : selector_(selector) {}
    void TearDown() override {
      EXPECT_TRUE(selector_.has_met_) << selector_.variable_ << "=" << selector_.wanted_ << " selects nothing of what has run";
    }

   private:
    const Selector& selector_;
  };

  const char* const variable_;
  const char* const wanted_;
  bool has_met_ = false;
};

// One script of power loss or of faults, by its name.
inline Selector crash_script{"FIRN_CRASH_SCRIPT"};
// One step of a script after which the power goes, by its number.
inline Selector crash_step{"FIRN_CRASH_STEP"};
// One fault: call/fault/is_sticky, all numbers.
inline Selector crash_fault{"FIRN_FAULT"};
// One failing allocation: script/number/is_sticky.
inline Selector failing_allocation{"FIRN_ALLOCATION"};

}  // namespace firn
