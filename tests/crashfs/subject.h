// Subject: what is tested under crashes and faults, a database or a durable log, driven by a script of acts whose effect a model knows.
// Threading: one thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crashfs/disk_image.h"
#include "env/env.h"

namespace firn {

// The state that the user sees: the namespaces of a database, or the records of a log.
struct ModelState {
  std::map<std::string, std::map<std::string, std::string>> spaces;
  uint64_t first = 0;
  uint64_t next = 0;
  std::map<uint64_t, std::string> records;

  bool operator==(const ModelState&) const = default;
  std::string text() const;  // for messages: long values by length and first bytes
};

class Subject {
 public:
  virtual ~Subject() = default;
  // May be called again after close() or drop().
  virtual Status open(Env& env) = 0;
  virtual bool is_open() const = 0;
  virtual Status close() = 0;
  virtual void
  drop() = 0;  // as if the process had died: nothing is told to the files any more (what destructors do comes after the recorded trace)
  virtual Status act(size_t i, const ModelState& before, Env& env) = 0;
  virtual Result<ModelState> read() = 0;
  virtual Status read_history() {
    return {};
  }                            // everything that it says to remember of what was done can be read, and leads to the present state
  virtual Status probe() = 0;  // one more durable write
  // Goes on after a failure without opening anew; nullopt: there is no such thing.
  virtual std::optional<Status> resume() { return std::nullopt; }
  virtual Status check(Env& env) = 0;
  virtual std::string orphans(Env& env) = 0;  // files that nothing names, after a close in order; "": none
};

class Script {
 public:
  virtual ~Script() = default;
  std::string name;
  DiskImage start;         // what the disk holds before
  ModelState start_state;  // and what that means

  virtual size_t size() const = 0;
  virtual std::string act_name(size_t i) const = 0;
  virtual ModelState apply(size_t i, const ModelState& before) const = 0;
  virtual ModelState apply_probe(const ModelState& before) const = 0;
  virtual bool is_durable(size_t i) const = 0;  // all that was acknowledged up to here survives power loss
  // How many acts survive power loss once act `i` was acknowledged: what its durability says. is_durable(i): i + 1.
  virtual size_t floor_after(size_t i) const = 0;
  virtual bool process_death_keeps_all() const = 0;  // whatever was acknowledged survives kill -9
  // Whether a disk that lost its power may hold this: states[i] is what i acts make; those up to `floor` are durable, those up to `acknowledged` were acknowledged, and
  // those up to `ceiling` were begun.
  virtual bool is_allowed(const ModelState& found, const std::vector<ModelState>& states, size_t floor, size_t acknowledged,
                          size_t ceiling) const;
  virtual bool matches(const ModelState& found, const ModelState& wanted) const { return found == wanted; }
  virtual std::unique_ptr<Subject> make_subject() const = 0;
};

}  // namespace firn
