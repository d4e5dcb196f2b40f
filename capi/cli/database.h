// Database, Pin, Scan: firn.h with owners. Failures become Failure, with the details that the library gives.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "failure.h"
#include "firn.h"
#include "settings.h"

namespace firn::cli {

inline const uint8_t* octets(std::string_view bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }
inline std::string_view view_of(const uint8_t* data, size_t len) { return {reinterpret_cast<const char*>(data), len}; }

enum class OpenMode {
  kExisting,  // a missing database or namespace is FIRN_NOT_FOUND, and nothing is created
  kCreate,    // both are created
};

class Database {
 public:
  Database(const Settings& settings, OpenMode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  firn_db* handle() const { return db_; }
  uint32_t ns() const { return ns_; }
  // Reports what closing finds; the destructor closes silently, for the way out of another failure.
  void close();

  // Throws a Failure of `code` when it is negative, with the details of firn_db_error where it is about the disk.
  void check(int64_t code) const;
  // The id of a namespace that is there.
  uint32_t find_ns(std::string_view name) const;

 private:
  firn_db* db_ = nullptr;
  uint32_t ns_ = 0;
};

// A value in place, released at the end of the scope.
class Pin {
 public:
  Pin(const Database& database, std::string_view key);
  ~Pin() { firn_unpin(&pin_); }
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;

  bool found() const { return found_; }
  std::string_view value() const { return view_of(pin_.data, pin_.len); }

 private:
  firn_pin_t pin_{};
  bool found_ = false;
};

class Scan {
 public:
  Scan(const Database& database, const firn_scan_opts& options);
  ~Scan() { firn_iter_close(iter_); }
  Scan(const Scan&) = delete;
  Scan& operator=(const Scan&) = delete;

  static constexpr size_t kEntriesMax = 256;
  // The next entries, valid until the next call; their count, 0 at the end.
  size_t next(const firn_kv*& entries);

 private:
  const Database& database_;
  firn_iter* iter_;
  firn_kv entries_[kEntriesMax];
};

}  // namespace firn::cli
