// Histories of transactions that append to lists and read them, and which of Adya's anomalies they show. The value of a key is the list of all that was ever
// appended to it, so what a transaction read tells who had written before it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace firn_test {

struct TransactionStep {
  int key = 0;
  bool is_append = false;
  int64_t element = 0;        // appended; never twice in a history
  std::vector<int64_t> list;  // read
};

struct TransactionRecord {
  bool committed = false;
  std::vector<TransactionStep> steps;
  int64_t invoked_ns = 0;
  int64_t returned_ns = 0;
};

// Who must come before whom, among transactions by number.
class DependencyGraph {
 public:
  enum Kind : uint32_t {
    kWriteWrite = 1,  // overwrote it
    kWriteRead = 2,   // read what it wrote
    kReadWrite = 4,   // overwrote what it had read
    kRealTime = 8,    // had ended before it began
  };
  explicit DependencyGraph(size_t transaction_count) : transaction_count_(transaction_count), edges_(transaction_count) {}

  void add(size_t from, size_t to, Kind kind);
  // All kRealTime edges, of the transactions `members`.
  void add_real_time(const std::vector<TransactionRecord>& history, const std::vector<size_t>& members);
  // Transactions that are in one cycle of edges of these kinds, in no particular order; empty: there is no cycle.
  std::vector<size_t> cycle(uint32_t kinds) const;

 private:
  struct Edge {
    size_t to;
    Kind kind;
  };
  size_t transaction_count_;
  std::vector<std::vector<Edge>> edges_;  // real time runs through nodes of its own, behind those of the transactions
};

// Empty: the committed transactions are strictly serializable, and none of these anomalies is there: internal, duplicate, incompatible order, G1a (aborted read),
// G1b (intermediate read), G0, G1c, G2-item, real time. Otherwise the anomaly's name and the transactions.
std::string explain_transactions(const std::vector<TransactionRecord>& history);

// The same for transactions that have each read a set of elements as a whole (the first step's list, sorted) and added one of their own (the second step).
// may_miss: they may have missed elements that were added meanwhile (phantoms): then only what they have seen must be free of cycles.
std::string explain_set_transactions(const std::vector<TransactionRecord>& history, bool may_miss);

}  // namespace firn_test
