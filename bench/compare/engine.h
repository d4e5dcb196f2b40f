// What every store of the comparison offers, in the smallest common form. One adapter file a store implements it.
//
// Threading: an Engine is shared by all threads of a phase, a Session belongs to one thread. Sessions are destroyed before their engine.
// Errors: an adapter that cannot go on calls fail(); the child process ends with a message, and the run reports the loss.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compare/child.h"
#include "compare/sinks.h"

namespace bench {

// What an acknowledged write survives: the end of the process (kill -9), or the loss of power.
enum class Durability { kProcess, kSync };

struct Setup {
  std::string path;  // a directory that exists; the store may put anything into it
  Durability durability = Durability::kProcess;
  uint64_t key_count = 0;  // the number of keys that will be there: a store may size its tables or its map by it
  size_t key_bytes = 0;    // on average
  size_t value_bytes = 0;
};

struct Entry {
  std::string_view key;
  std::string_view value;
};

class Session {
 public:
  virtual ~Session() = default;
  virtual void put(std::string_view key, std::string_view value) = 0;
  // True when found; the value was then handed to sink.take(0, ...), while it was readable.
  virtual bool get(std::string_view key, ValueSink& sink) = 0;
  virtual void remove(std::string_view key) = 0;
  // All entries in one atomic commit where the store has one.
  virtual void write(std::span<const Entry> batch) = 0;
  // The number found; each was handed to sink.take(position, ...).
  virtual size_t multi_get(std::span<const std::string_view> keys, ValueSink& sink) = 0;
  // Opens a new scan at the first key >= start, hands at most `limit` entries in key order to the sink, closes the scan. Returns the entries.
  // Only called when the engine is ordered.
  virtual uint64_t scan(std::string_view start, uint64_t limit, EntrySink& sink) = 0;
  // Adds to a counter of 8 bytes (absent: 0) and returns its new value. Only called when the engine has counters.
  virtual int64_t add(std::string_view, int64_t) { fail("no counters"); }
};

class Engine {
 public:
  virtual ~Engine() = default;  // closes in order
  virtual std::unique_ptr<Session> session() = 0;
  // Everything acknowledged is on the device when it returns.
  virtual void sync() = 0;
  // The smallest and fastest form for reads that the store has, as its manual advises after a load.
  virtual void compact() = 0;
};

struct EngineInfo {
  std::string name;
  int rank = 0;                // order of the columns
  bool peer = false;           // counts for "best"; limits such as std::map do not
  bool ordered = true;         // has scans
  bool persistent = true;      // has files, recovery, space
  bool threads = true;         // takes calls of several threads at once
  bool counters = false;       // has add()
  bool checks = true;          // its answers are verified (all but the null engine)
  bool debug_package = false;  // Debian's package carries assertions: see kPackageFactor in targets.h
  std::string version;
  std::string settings;  // one line for the report
  std::function<std::unique_ptr<Engine>(const Setup&)> open;
};

// Adapters register themselves before main; `engines` is sorted by rank.
bool register_engine(EngineInfo info);
const std::vector<EngineInfo>& engines();
const EngineInfo* find_engine(std::string_view name);

}  // namespace bench
