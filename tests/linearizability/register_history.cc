#include "linearizability/register_history.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <sstream>

namespace firn_test {
namespace {

constexpr size_t kSlotCount = 64;

bool same_version(uint64_t a, uint64_t b) { return a == 0 || b == 0 || a == b; }

// The state after `op` has happened in `state`; nothing when its answer would have been another.
std::optional<RegisterState> step(const RegisterOperation& op, const RegisterState& state) {
  const RegisterState written{true, op.argument, op.version};
  const auto write_if = [&](bool holds) -> std::optional<RegisterState> {
    if (op.returned_ns == kNeverReturned) return holds ? written : state;
    if (op.succeeded != holds) return std::nullopt;
    return holds ? written : state;
  };
  switch (op.call) {
    case RegisterCall::kPut:
      return written;
    case RegisterCall::kDelete:
      return RegisterState{};
    case RegisterCall::kCompareSwap:
      return write_if(state.is_there && state.value == op.expected);
    case RegisterCall::kPutIfAbsent:
      return write_if(!state.is_there);
    case RegisterCall::kPutIfVersion: {
      const auto expected = static_cast<uint64_t>(op.expected);
      if (state.is_there && state.version == 0 && expected != 0) return op.succeeded ? written : state;  // not known
      return write_if(expected == 0 ? !state.is_there : state.is_there && state.version == expected);
    }
    case RegisterCall::kAdd: {
      const int64_t sum = (state.is_there ? state.value : 0) + op.argument;
      if (op.returned_ns != kNeverReturned && sum != op.found.value) return std::nullopt;
      return RegisterState{true, sum, op.version};
    }
    case RegisterCall::kGet:
    case RegisterCall::kSwap:
      break;
  }
  if (op.returned_ns != kNeverReturned) {
    if (op.found.is_there != state.is_there) return std::nullopt;
    if (state.is_there && (op.found.value != state.value || !same_version(op.found.version, state.version))) return std::nullopt;
  }
  if (op.call == RegisterCall::kSwap) return written;
  RegisterState known = state;
  if (known.is_there && known.version == 0) known.version = op.found.version;
  return known;
}

struct Configuration {
  uint64_t happened = 0;  // of the pending calls, by slot
  RegisterState state;

  friend auto operator<=>(const Configuration&, const Configuration&) = default;
};

std::string show(const RegisterOperation& op) {
  static const char* const names[] = {"get", "put", "delete", "compare_swap", "add", "put_if_absent", "put_if_version", "swap"};
  std::ostringstream out;
  out << "thread " << op.thread << " [" << op.invoked_ns << ", ";
  if (op.returned_ns == kNeverReturned)
    out << "never";
  else
    out << op.returned_ns;
  out << "] " << names[static_cast<size_t>(op.call)] << " argument " << op.argument << " expected " << op.expected
      << (op.succeeded ? " succeeded" : "") << " found ";
  if (op.found.is_there)
    out << op.found.value << " of version " << op.found.version;
  else
    out << "nothing";
  out << ", own version " << op.version;
  return out.str();
}

class Search {
 public:
  Search(const std::vector<RegisterOperation>& history, const RegisterState& initial) : history_(history), slots_(kSlotCount, kFree) {
    configurations_.insert({0, initial});
  }

  void invoke(size_t op) {
    const auto slot = std::find(slots_.begin(), slots_.end(), kFree);
    *slot = op;
  }
  // false: no order of the calls explains the answer of `op`.
  bool complete(size_t op) {
    const auto slot = static_cast<size_t>(std::find(slots_.begin(), slots_.end(), op) - slots_.begin());
    const uint64_t bit = uint64_t{1} << slot;
    std::set<Configuration> met = configurations_;
    std::vector<Configuration> open(met.begin(), met.end());
    std::set<Configuration> next;
    while (!open.empty()) {
      const Configuration at = open.back();
      open.pop_back();
      if ((at.happened & bit) != 0) {
        next.insert({at.happened & ~bit, at.state});
        continue;  // whatever else is pending can happen later as well
      }
      for (size_t i = 0; i < kSlotCount; i++) {
        const uint64_t other = uint64_t{1} << i;
        if (slots_[i] == kFree || (at.happened & other) != 0) continue;
        const auto state = step(history_[slots_[i]], at.state);
        if (!state) continue;
        if (const Configuration after{at.happened | other, *state}; met.insert(after).second) open.push_back(after);
      }
    }
    configurations_ = std::move(next);
    slots_[slot] = kFree;
    return !configurations_.empty();
  }

 private:
  static constexpr size_t kFree = std::numeric_limits<size_t>::max();
  const std::vector<RegisterOperation>& history_;
  std::vector<size_t> slots_;
  std::set<Configuration> configurations_;
};

}  // namespace

std::string explain_register(std::vector<RegisterOperation> history, RegisterState initial) {
  struct Moment {
    int64_t at_ns;
    bool is_return;  // at one time calls begin before others end: that only allows more
    size_t op;
  };
  std::vector<Moment> moments;
  for (size_t i = 0; i < history.size(); i++) {
    moments.push_back({history[i].invoked_ns, false, i});
    if (history[i].returned_ns != kNeverReturned) moments.push_back({history[i].returned_ns, true, i});
  }
  std::sort(moments.begin(), moments.end(),
            [](const Moment& a, const Moment& b) { return a.at_ns != b.at_ns ? a.at_ns < b.at_ns : a.is_return < b.is_return; });
  Search search(history, initial);
  for (const Moment& moment : moments) {
    if (!moment.is_return) {
      search.invoke(moment.op);
    } else if (!search.complete(moment.op)) {
      const RegisterOperation& bad = history[moment.op];
      std::string text = "not linearizable: " + show(bad) + "\nbeside and before it:";
      std::sort(history.begin(), history.end(), [](const auto& a, const auto& b) { return a.invoked_ns < b.invoked_ns; });
      const auto end = std::find_if(history.begin(), history.end(), [&](const auto& op) { return op.invoked_ns > moment.at_ns; });
      for (auto at = end - std::min<ptrdiff_t>(16, end - history.begin()); at != end; ++at) text += "\n  " + show(*at);
      return text;
    }
  }
  return "";
}

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace firn_test
