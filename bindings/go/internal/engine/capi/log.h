// LogCall: one call on a durable log's handle, from lookup to release; marks the thread.
// Threading: lives on the stack of the call.
#pragma once

#include "boundary.h"
#include "durable_log/durable_log.h"
#include "handle.h"

namespace firn {

// What lies in the slot of a log's handle.
struct LogBody {
  DurableLog* log;
};

class LogCall {
 public:
  explicit LogCall(const firn_log* handle) : use_(handle, HandleType::kLog) {}
  bool ok() const { return use_.code() == Code::kOk; }
  Code code() const { return use_.code(); }
  DurableLog& log() const { return *use_.slot()->body_as<LogBody>()->log; }  // needs ok()
  DurableLog* operator->() const { return &log(); }                          // needs ok()

 private:
  SharedUse use_;
};

// Releases a pin that came from a log; false: `owner` is none.
bool close_log_pin(const void* owner);

}  // namespace firn
