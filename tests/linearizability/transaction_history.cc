#include "linearizability/transaction_history.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

namespace firn_test {
namespace {

std::string show(const std::vector<TransactionRecord>& history, const std::vector<size_t>& transactions) {
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(transactions.size(), 8); i++) {
    const TransactionRecord& txn = history[transactions[i]];
    text += "\n  transaction " + std::to_string(transactions[i]) + " [" + std::to_string(txn.invoked_ns) + ", " +
            std::to_string(txn.returned_ns) + "]" + (txn.committed ? "" : " refused") + ":";
    for (const TransactionStep& step : txn.steps) {
      text += step.is_append ? " append " + std::to_string(step.element) + " to " : " read ";
      text += "k" + std::to_string(step.key);
      if (step.is_append) continue;
      text += " = [";
      const size_t shown = std::min<size_t>(step.list.size(), 6);
      if (shown < step.list.size()) text += "... ";
      for (size_t j = step.list.size() - shown; j < step.list.size(); j++) text += std::to_string(step.list[j]) + " ";
      text += "] (" + std::to_string(step.list.size()) + ")";
    }
  }
  return text;
}

struct Writer {
  size_t transaction;
  bool is_last;  // of what the transaction appended to the key
};

class ListHistory {
 public:
  explicit ListHistory(const std::vector<TransactionRecord>& history) : history_(history), graph_(history.size()) {}

  std::string explain() {
    note_writers();
    for (size_t i = 0; i < history_.size() && problem_.empty(); i++) {
      if (history_[i].committed) read_outside(i);
    }
    for (const auto& [key, reads] : reads_) {
      if (problem_.empty()) order_of(key);
    }
    if (!problem_.empty()) return problem_;
    add_edges();
    using Graph = DependencyGraph;
    const std::pair<const char*, uint32_t> anomalies[] = {
        {"G0", Graph::kWriteWrite},
        {"G1c", Graph::kWriteWrite | Graph::kWriteRead},
        {"G2-item", Graph::kWriteWrite | Graph::kWriteRead | Graph::kReadWrite},
        {"real time", Graph::kWriteWrite | Graph::kWriteRead | Graph::kReadWrite | Graph::kRealTime},
    };
    for (const auto& [name, kinds] : anomalies) {
      const auto found = graph_.cycle(kinds);
      if (!found.empty()) return std::string(name) + show(history_, found);
    }
    return "";
  }

 private:
  struct Read {
    size_t transaction;
    std::vector<int64_t> list;  // without what the transaction itself had appended
  };

  void report(const char* anomaly, size_t transaction, std::optional<size_t> other = std::nullopt) {
    std::vector<size_t> involved{transaction};
    if (other) involved.push_back(*other);
    problem_ = anomaly + show(history_, involved);
  }

  void note_writers() {
    for (size_t i = 0; i < history_.size(); i++) {
      std::map<int, int64_t> last;
      for (const TransactionStep& step : history_[i].steps) {
        if (!step.is_append) continue;
        if (last.count(step.key) != 0) writers_[last[step.key]].is_last = false;
        writers_[step.element] = {i, true};
        last[step.key] = step.element;
      }
    }
  }

  // What the transaction read of others, key by key; its own appends must stand behind that.
  void read_outside(size_t transaction) {
    std::map<int, std::vector<int64_t>> own;
    for (const TransactionStep& step : history_[transaction].steps) {
      auto& appended = own[step.key];
      if (step.is_append) {
        appended.push_back(step.element);
        continue;
      }
      if (step.list.size() < appended.size() || !std::equal(appended.rbegin(), appended.rend(), step.list.rbegin())) {
        return report("internal: own appends are missing", transaction);
      }
      reads_[step.key].push_back({transaction, {step.list.begin(), step.list.end() - static_cast<ptrdiff_t>(appended.size())}});
    }
  }

  // The order in which the elements of `key` came: that of the longest read. All others must be prefixes of it.
  void order_of(int key) {
    const auto& reads = reads_[key];
    auto& order = order_[key];
    for (const Read& read : reads) {
      if (read.list.size() > order.size()) order = read.list;
    }
    for (const Read& read : reads) {
      if (!std::equal(read.list.begin(), read.list.end(), order.begin())) return report("incompatible order", read.transaction);
    }
    std::set<int64_t> met;
    for (const int64_t element : order) {
      const auto writer = writers_.find(element);
      if (writer == writers_.end() || !met.insert(element).second) return report("duplicate, or from nowhere", reads[0].transaction);
      if (!history_[writer->second.transaction].committed) return report("G1a", writer->second.transaction);
    }
    for (const Read& read : reads) {
      if (read.list.empty()) continue;
      const Writer& writer = writers_[read.list.back()];
      if (!writer.is_last) return report("G1b", read.transaction, writer.transaction);
    }
  }

  void add_edges() {
    using Graph = DependencyGraph;
    for (const auto& [key, order] : order_) {
      for (size_t i = 1; i < order.size(); i++) {
        graph_.add(writers_[order[i - 1]].transaction, writers_[order[i]].transaction, Graph::kWriteWrite);
      }
      for (const Read& read : reads_[key]) {
        const size_t count = read.list.size();
        if (count > 0) graph_.add(writers_[order[count - 1]].transaction, read.transaction, Graph::kWriteRead);
        if (count < order.size()) graph_.add(read.transaction, writers_[order[count]].transaction, Graph::kReadWrite);
      }
    }
    std::vector<size_t> committed;
    for (size_t i = 0; i < history_.size(); i++) {
      if (history_[i].committed) committed.push_back(i);
    }
    graph_.add_real_time(history_, committed);
  }

  const std::vector<TransactionRecord>& history_;
  DependencyGraph graph_;
  std::map<int64_t, Writer> writers_;  // by element
  std::map<int, std::vector<Read>> reads_;
  std::map<int, std::vector<int64_t>> order_;
  std::string problem_;
};

// Tarjan's strongly connected components, without recursion.
class Components {
 public:
  template <typename Next>  // Next(node, i) -> the i-th neighbour, or nothing behind the last
  Components(size_t count, const Next& next) : index_(count, 0), low_(count, 0), is_on_stack_(count, false) {
    for (size_t node = 0; node < count && found_.empty(); node++) {
      if (index_[node] == 0) visit(node, next);
    }
  }
  const std::vector<size_t>& found() const { return found_; }  // the first of more than one node

 private:
  template <typename Next>
  void visit(size_t root, const Next& next) {
    struct Frame {
      size_t node, edge;
    };
    std::vector<Frame> frames{{root, 0}};
    enter(root);
    while (!frames.empty()) {
      Frame& frame = frames.back();
      const size_t node = frame.node;
      if (const std::optional<size_t> to = next(node, frame.edge++)) {
        if (index_[*to] == 0) {
          enter(*to);
          frames.push_back({*to, 0});
        } else if (is_on_stack_[*to]) {
          low_[node] = std::min(low_[node], index_[*to]);
        }
        continue;
      }
      frames.pop_back();
      if (!frames.empty()) low_[frames.back().node] = std::min(low_[frames.back().node], low_[node]);
      if (low_[node] == index_[node] && leave(node)) return;
    }
  }
  void enter(size_t node) {
    index_[node] = low_[node] = ++last_;
    stack_.push_back(node);
    is_on_stack_[node] = true;
  }
  bool leave(size_t root) {
    std::vector<size_t> component;
    do {
      component.push_back(stack_.back());
      is_on_stack_[stack_.back()] = false;
      stack_.pop_back();
    } while (component.back() != root);
    if (component.size() > 1) found_ = std::move(component);
    return !found_.empty();
  }

  std::vector<size_t> index_, low_, stack_;
  std::vector<bool> is_on_stack_;
  std::vector<size_t> found_;
  size_t last_ = 0;
};

}  // namespace

void DependencyGraph::add(size_t from, size_t to, Kind kind) {
  if (from != to) edges_[from].push_back({to, kind});
}

void DependencyGraph::add_real_time(const std::vector<TransactionRecord>& history, const std::vector<size_t>& members) {
  std::vector<size_t> by_return = members;
  std::sort(by_return.begin(), by_return.end(), [&](size_t a, size_t b) { return history[a].returned_ns < history[b].returned_ns; });
  // One node a return: behind it lie the returns before it, before it all that begins later.
  const size_t first = edges_.size();
  edges_.resize(first + by_return.size());
  for (size_t i = 0; i < by_return.size(); i++) {
    edges_[by_return[i]].push_back({first + i, kRealTime});
    if (i > 0) edges_[first + i - 1].push_back({first + i, kRealTime});
  }
  for (const size_t member : members) {
    const auto later = std::lower_bound(by_return.begin(), by_return.end(), history[member].invoked_ns,
                                        [&](size_t a, int64_t at_ns) { return history[a].returned_ns < at_ns; });
    if (later != by_return.begin()) {
      edges_[first + static_cast<size_t>(later - by_return.begin()) - 1].push_back({member, kRealTime});
    }
  }
}

std::vector<size_t> DependencyGraph::cycle(uint32_t kinds) const {
  std::vector<std::vector<size_t>> chosen(edges_.size());
  for (size_t node = 0; node < edges_.size(); node++) {
    for (const Edge& edge : edges_[node]) {
      if ((edge.kind & kinds) != 0) chosen[node].push_back(edge.to);
    }
  }
  const Components components(chosen.size(), [&](size_t node, size_t i) -> std::optional<size_t> {
    return i < chosen[node].size() ? std::optional(chosen[node][i]) : std::nullopt;
  });
  std::vector<size_t> found = components.found();
  found.erase(std::remove_if(found.begin(), found.end(), [&](size_t node) { return node >= transaction_count_; }), found.end());
  return found;
}

std::string explain_transactions(const std::vector<TransactionRecord>& history) { return ListHistory(history).explain(); }

std::string explain_set_transactions(const std::vector<TransactionRecord>& history, bool may_miss) {
  std::map<int64_t, size_t> writers;  // the committed ones
  std::vector<size_t> committed;
  for (size_t i = 0; i < history.size(); i++) {
    if (!history[i].committed) continue;
    committed.push_back(i);
    writers[history[i].steps[1].element] = i;
  }
  DependencyGraph graph(history.size());
  for (const size_t reader : committed) {
    const std::vector<int64_t>& seen = history[reader].steps[0].list;
    for (const int64_t element : seen) {
      const auto writer = writers.find(element);
      if (writer == writers.end()) return "G1a: an element of a refused transaction" + show(history, {reader});
      graph.add(writer->second, reader, DependencyGraph::kWriteRead);
    }
    for (const auto& [element, writer] : writers) {
      if (!std::binary_search(seen.begin(), seen.end(), element)) graph.add(reader, writer, DependencyGraph::kReadWrite);
    }
  }
  if (const auto found = graph.cycle(DependencyGraph::kWriteRead); !found.empty()) return "G1c" + show(history, found);
  if (may_miss) return "";
  graph.add_real_time(history, committed);
  const auto found = graph.cycle(DependencyGraph::kWriteRead | DependencyGraph::kReadWrite | DependencyGraph::kRealTime);
  return found.empty() ? "" : "G2" + show(history, found);
}

}  // namespace firn_test
