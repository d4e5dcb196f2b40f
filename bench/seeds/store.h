// Firn through firn.h as the rows use it: calls whose codes and answers are checked, and keys that end in a number.
// Whatever is not as expected ends the process (fail): a row with a wrong answer has no figure.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "compare/child.h"
#include "firn.h"

namespace bench {

inline const uint8_t* octets(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

// Fails unless `code` is no error; returns it.
inline int64_t must(int64_t code, const char* what) {
  if (code < 0) fail(std::string(what) + ": " + firn_status_name(static_cast<int32_t>(code)));
  return code;
}

inline void require(bool holds, const char* what) {
  if (!holds) fail(what);
}

class Database {
 public:
  // `options` as firn_options_parse takes them.
  Database(const std::string& path, const std::string& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  firn_db* handle() const { return db_; }
  uint32_t ns() const { return ns_; }
  void use_namespace(std::string_view name);

  void put(std::string_view key, std::string_view value) {
    must(firn_put(db_, ns_, octets(key), key.size(), octets(value), value.size()), "put");
  }
  // Gets into a buffer of the caller's, as a user would, and compares every byte. Values up to kValueBytesMax.
  void expect(std::string_view key, std::string_view value) const {
    uint8_t buffer[kValueBytesMax];
    const int64_t size = firn_get(db_, ns_, octets(key), key.size(), buffer, sizeof buffer);
    if (size != static_cast<int64_t>(value.size()) || std::memcmp(buffer, value.data(), value.size()) != 0) fail_get(key, size);
  }
  void expect_missing(std::string_view key) const {
    uint8_t buffer[kValueBytesMax];
    const int64_t size = firn_get(db_, ns_, octets(key), key.size(), buffer, sizeof buffer);
    if (size != FIRN_NOT_FOUND) fail_get(key, size);
  }
  // As expect, for a value of any size.
  void expect_large(std::string_view key, std::string_view value) const;
  void remove(std::string_view key) { must(firn_delete(db_, ns_, octets(key), key.size()), "delete"); }
  // The number of keys of the namespace, counted by a scan.
  uint64_t count() const;

 private:
  static constexpr size_t kValueBytesMax = 4096;
  [[noreturn]] static void fail_get(std::string_view key, int64_t size);
  firn_db* db_ = nullptr;
  uint32_t ns_ = 0;
};

// The durable log, likewise.
class Log {
 public:
  Log(const std::string& path, const std::string& options);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  firn_log* handle() const { return log_; }
  uint64_t append(std::string_view record) {
    return static_cast<uint64_t>(must(firn_log_append(log_, octets(record), record.size()), "log_append"));
  }
  void expect(uint64_t index, std::string_view record) const {
    uint8_t buffer[kRecordBytesMax];
    const int64_t size = firn_log_read(log_, index, buffer, sizeof buffer);
    if (size != static_cast<int64_t>(record.size()) || std::memcmp(buffer, record.data(), record.size()) != 0) fail_read(index, size);
  }
  void sync() { must(firn_log_sync(log_), "log_sync"); }
  firn_log_range bounds() const { return firn_log_bounds(log_); }

 private:
  static constexpr size_t kRecordBytesMax = 1024;
  [[noreturn]] static void fail_read(uint64_t index, int64_t size);
  firn_log* log_ = nullptr;
};

// A packed argument: a batch for firn_write, or keys for firn_multi_get.
class Packed {
 public:
  explicit Packed(size_t capacity) : bytes_(capacity) {}
  void clear() { size_ = 0; }
  const uint8_t* data() const { return bytes_.data(); }
  size_t size() const { return size_; }
  void put(uint32_t ns, std::string_view key, std::string_view value) { operation(FIRN_OP_PUT, ns, key, value); }
  void remove(uint32_t ns, std::string_view key) { operation(FIRN_OP_DELETE, ns, key, {}); }
  void key(uint32_t ns, std::string_view key) {
    number(ns);
    number(static_cast<uint32_t>(key.size()));
    append(key);
  }
  void answer(std::string_view value) {  // as firn_multi_get gives it
    number(static_cast<int64_t>(value.size()));
    append(value);
  }

 private:
  void operation(uint32_t op, uint32_t ns, std::string_view key, std::string_view value) {
    number(op);
    number(ns);
    number(static_cast<uint32_t>(key.size()));
    number(static_cast<uint32_t>(value.size()));
    number(int64_t{0});
    append(key);
    append(value);
  }
  // Packed formats are little-endian, as is every machine that this program runs on.
  template <class Number>
  void number(Number value) {
    append({reinterpret_cast<const char*>(&value), sizeof value});
  }
  void append(std::string_view text) {
    if (text.size() > bytes_.size() - size_) fail("a packed argument is larger than was planned for");
    std::memcpy(bytes_.data() + size_, text.data(), text.size());
    size_ += text.size();
  }
  std::vector<uint8_t> bytes_;
  size_t size_ = 0;
};

// Names that end in numbers, formatted anew with each call: "key-" and 17 give "key-17". A name is valid until the next call.
class NumberedName {
 public:
  explicit NumberedName(std::string_view prefix, size_t digit_count = 0) : prefix_bytes_(prefix.size()), digit_count_(digit_count) {
    require(prefix.size() <= sizeof bytes_ - kNumbersBytesMax, "the prefix is too long");
    std::memcpy(bytes_, prefix.data(), prefix.size());
  }
  std::string_view operator()(uint64_t number) { return until(append(bytes_ + prefix_bytes_, number)); }
  std::string_view operator()(uint64_t first, char separator, uint64_t second) {
    char* end = append(bytes_ + prefix_bytes_, first);
    *end++ = separator;
    return until(append(end, second));
  }

 private:
  static constexpr size_t kNumbersBytesMax = 48;
  std::string_view until(const char* end) const { return {bytes_, static_cast<size_t>(end - bytes_)}; }
  // Decimal, with zeros in front up to digit_count_.
  char* append(char* to, uint64_t number) const {
    char* end = std::to_chars(to, to + kNumbersBytesMax / 2, number).ptr;
    const auto written = static_cast<size_t>(end - to);
    if (written >= digit_count_) return end;
    const size_t zero_count = digit_count_ - written;
    std::memmove(to + zero_count, to, written);
    std::memset(to, '0', zero_count);
    return end + zero_count;
  }
  char bytes_[160];
  size_t prefix_bytes_, digit_count_;
};

// A value or record of one size that tells whose it is: the index in its first 8 bytes.
class IndexedBytes {
 public:
  explicit IndexedBytes(std::string bytes) : bytes_(std::move(bytes)) {}
  const std::string& operator()(uint64_t index) {
    std::memcpy(bytes_.data(), &index, sizeof index);
    return bytes_;
  }

 private:
  std::string bytes_;
};

// Names 0 .. count - 1, formatted beforehand.
std::vector<std::string> numbered_names(std::string_view prefix, uint64_t count, size_t digit_count = 0);

}  // namespace bench
