// A fresh database in memory for one run, and the parts of programs that more than one test has.
// Threading: made and closed by the thread that calls run_together().
#pragma once

#include <firn.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "linearizability/register_caller.h"
#include "schedule/scheduler.h"

namespace schedule_test {

class ScheduledDatabase {
 public:
  ScheduledDatabase(Scheduler& scheduler, const std::string& options) : scheduler_(scheduler) {
    firn_options* const parsed = firn_options_new();
    EXPECT_EQ(FIRN_OK, firn_options_parse(parsed, options.c_str()));
    firn_error error = FIRN_ERROR_INIT;
    db_ = firn_open(":memory:", parsed, &error);
    firn_options_free(parsed);
    EXPECT_NE(nullptr, db_) << error.message;
  }
  ~ScheduledDatabase() { EXPECT_EQ(FIRN_OK, firn_close(db_)); }
  ScheduledDatabase(const ScheduledDatabase&) = delete;
  ScheduledDatabase& operator=(const ScheduledDatabase&) = delete;

  firn_db* handle() const { return db_; }
  uint32_t open_namespace(const std::string& name) const {
    const int64_t id = firn_ns_open(db_, firn_test::bytes(name), name.size(), 0);
    EXPECT_GT(id, 0);
    return static_cast<uint32_t>(id);
  }
  void run_together(std::vector<std::function<void()>> bodies) const {
    scheduler_.let_others_settle();
    scheduler_.run_together(std::move(bodies));
  }

 private:
  Scheduler& scheduler_;
  firn_db* db_ = nullptr;
};

using Callers = std::vector<std::unique_ptr<firn_test::Caller>>;

// Whether all that the callers saw is linearizable; what is wrong, or nothing.
inline std::string explain(const Callers& callers, uint64_t* operation_count) {
  for (size_t key = 0; key < firn_test::Caller::kKeyCount; key++) {
    firn_test::Caller::History history;
    for (const auto& caller : callers) {
      history.insert(history.end(), caller->histories()[key].begin(), caller->histories()[key].end());
    }
    *operation_count += history.size();
    if (std::string wrong = firn_test::explain_register(history); !wrong.empty()) return wrong;
  }
  return "";
}

}  // namespace schedule_test
