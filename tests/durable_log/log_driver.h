// What the larger tests of the durable log share: openings in a directory of its own, records as texts, chunks taken apart. All through firn.h.
#pragma once

#include <firn.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "env/environment.h"

namespace durable_log_test {

inline const uint8_t* bytes_of(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

// With `failure` a failure is an answer, without it is a failure of the test.
inline firn_log* open_log(const std::string& path, const std::string& text = "", firn_error* failure = nullptr) {
  firn_options* options = firn_options_new();
  EXPECT_EQ(FIRN_OK, firn_options_parse(options, text.c_str())) << text;
  firn_error error = FIRN_ERROR_INIT;
  firn_log* log = firn_log_open(path.c_str(), options, &error);
  firn_options_free(options);
  if (failure != nullptr) {
    *failure = error;
  } else {
    EXPECT_NE(nullptr, log) << error.message << " " << error.file << " " << error.offset;
  }
  return log;
}

inline int64_t append(firn_log* log, std::string_view record) { return firn_log_append(log, bytes_of(record), record.size()); }

inline std::string packed(const std::vector<std::string>& records) {
  std::string batch;
  for (const std::string& record : records) {
    const auto length = static_cast<uint32_t>(record.size());
    batch.append(reinterpret_cast<const char*>(&length), sizeof length).append(record);
  }
  return batch;
}

inline int64_t append_batch(firn_log* log, const std::vector<std::string>& records) {
  const std::string batch = packed(records);
  return firn_log_append_batch(log, bytes_of(batch), batch.size());
}

// The record, or the name of the code.
inline std::string read(firn_log* log, uint64_t index) {
  std::string record(256, '\0');
  for (;;) {
    const int64_t length = firn_log_read(log, index, reinterpret_cast<uint8_t*>(record.data()), record.size());
    if (length < 0) return firn_status_name(static_cast<int32_t>(length));
    const bool fits = static_cast<size_t>(length) <= record.size();
    record.resize(static_cast<size_t>(length));
    if (fits) return record;
  }
}

struct Record {
  uint64_t index;
  int64_t time_ms;
  std::string data;
};

// Everything from `from` on, by chunks of `cap` bytes; more when a record needs it.
inline std::vector<Record> read_all(firn_log* log, uint64_t from, size_t cap = 4096) {
  std::vector<Record> records;
  std::string chunk(cap, '\0');
  for (;;) {
    const int64_t filled = firn_log_read_chunk(log, from, reinterpret_cast<uint8_t*>(chunk.data()), chunk.size());
    if (filled == FIRN_TOO_LARGE) {
      uint64_t needed = 0;
      std::memcpy(&needed, chunk.data(), sizeof needed);
      EXPECT_GT(needed, chunk.size());
      if (needed <= chunk.size()) return records;
      chunk.resize(needed);
      continue;
    }
    EXPECT_GE(filled, 0) << firn_status_name(static_cast<int32_t>(filled));
    if (filled <= 0) return records;
    for (size_t at = 0; at < static_cast<size_t>(filled);) {
      Record record;
      uint32_t length = 0;
      std::memcpy(&record.index, &chunk[at], 8);
      std::memcpy(&record.time_ms, &chunk[at + 8], 8);
      std::memcpy(&length, &chunk[at + 16], 4);
      record.data = chunk.substr(at + 20, length);
      at += 20 + length;
      EXPECT_EQ(from, record.index);
      from++;
      records.push_back(std::move(record));
    }
  }
}

class LogDriver : public testing::Test {
 protected:
  void TearDown() override { close(); }

  firn_log* open(const std::string& options = "") {
    close();
    log_ = open_log(path(), options);
    return log_;
  }
  void close() {
    if (log_ != nullptr) {
      EXPECT_EQ(FIRN_OK, firn_log_close(std::exchange(log_, nullptr)));
    }
  }
  std::string path() const { return directory_.path() + "/log"; }
  std::string elsewhere(const std::string& name) const { return directory_.path() + "/" + name; }
  uint64_t first() const { return firn_log_bounds(log_).first; }
  uint64_t next() const { return firn_log_bounds(log_).next; }

  firn_log* log_ = nullptr;

 private:
  firn::TemporaryDirectory directory_;
};

}  // namespace durable_log_test
