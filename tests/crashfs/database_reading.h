// What a damaged database answers, all of it, and how that differs from a state that it has been in.
//
// Threading: one thread.
#pragma once

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "db/db.h"

namespace firn {

inline constexpr int kDamagedKeyCount = 60;  // "key0" .. "key59" in each namespace
inline constexpr uint32_t kDamagedSpaceCount = 3;

// The entries of one namespace: the value with its version and expiry, as shown() writes them.
using Entries = std::map<std::string, std::string>;
// A state after one of the commits.
struct DatabaseState {
  std::array<Entries, kDamagedSpaceCount> spaces;
  std::vector<std::pair<uint32_t, std::string>> names;
  uint64_t version = 0;
  bool operator==(const DatabaseState&) const = default;
};

struct DatabaseReading {
  Status opened;
  std::vector<std::pair<uint32_t, std::string>> names;
  uint64_t dropped_bytes = 0;
  struct Space {
    std::vector<std::pair<std::string, std::string>> forwards, backwards;
    Status forwards_status, backwards_status;
    std::vector<std::pair<Status, std::string>> gets;  // of all keys
  };
  std::array<Space, kDamagedSpaceCount> spaces;
  uint64_t feed_first = 0;
  std::string feed;
  Status feed_status;
};

struct Noticed {
  bool refused = false;       // something was not answered
  bool shorter_feed = false;  // a retained segment is gone: whoever asks for its commits is told so
};

std::string shown(std::string_view value, uint64_t version, int64_t expiry_ms);
void read_database(Db& db, DatabaseReading* reading);
// What the feed tells of the newest commit.
Status append_change(Db& db, uint64_t version, std::string* changes);
// "": everything that was answered is what the state has. `whole`: of the undamaged database; `all_changes`: its feed from the first commit on.
std::string difference(const DatabaseReading& found, const DatabaseState& state, const DatabaseReading& whole,
                       const std::string& all_changes, Noticed* notice);

}  // namespace firn
