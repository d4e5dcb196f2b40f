// Histories of one key, and whether they are linearizable: whether each call can be given one moment between its beginning and its end so that, in the order of
// these moments, every answer is right.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace firn_test {

enum class RegisterCall { kGet, kPut, kDelete, kCompareSwap, kAdd, kPutIfAbsent, kPutIfVersion, kSwap };

// What a key holds. version 0: not known, it fits any.
struct RegisterState {
  bool is_there = false;
  int64_t value = 0;
  uint64_t version = 0;

  friend auto operator<=>(const RegisterState&, const RegisterState&) = default;
};

constexpr int64_t kNeverReturned = std::numeric_limits<int64_t>::max();  // its effect may have happened or not, at any time

struct RegisterOperation {
  RegisterCall call = RegisterCall::kGet;
  int thread = 0;
  int64_t argument = 0;    // the value to write, or the delta
  int64_t expected = 0;    // kCompareSwap: the value; kPutIfVersion: the version, 0: absent
  bool succeeded = false;  // the conditional calls
  RegisterState found;     // kGet, kSwap: what was there; kAdd: the sum
  uint64_t version = 0;    // of the commit, 0: the call did not tell
  int64_t invoked_ns = 0;
  int64_t returned_ns = kNeverReturned;
};

// Empty: the history is linearizable. Otherwise what happened around the first answer that cannot be explained. `initial` is what the key held before.
// At most 64 calls may overlap. The search of Wing and Gong, breadth first over the ends of calls; equal (state, pending calls that have happened) are one.
std::string explain_register(std::vector<RegisterOperation> history, RegisterState initial = {});

int64_t now_ns();  // for invoked_ns and returned_ns; does not order memory, so that it hides no race

}  // namespace firn_test
