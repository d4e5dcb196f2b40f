// What the tests of the C API share: a database in memory, and bytes from text.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "firn.h"

namespace firn_test {

inline const uint8_t* bytes(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

inline int32_t put(firn_db* db, std::string_view key, std::string_view value, uint32_t ns = 0) {
  return firn_put(db, ns, bytes(key), key.size(), bytes(value), value.size());
}

// The value, or the code's name.
inline std::string get(firn_db* db, std::string_view key, uint32_t ns = 0) {
  std::string value(1024, '\0');
  const int64_t length = firn_get(db, ns, bytes(key), key.size(), reinterpret_cast<uint8_t*>(value.data()), value.size());
  if (length < 0) return firn_status_name(static_cast<int32_t>(length));
  value.resize(static_cast<size_t>(length));
  return value;
}

template <typename T>
void append(std::string* to, T number) {
  to->append(reinterpret_cast<const char*>(&number), sizeof number);
}

inline void append_operation(std::string* batch, uint32_t op, uint32_t ns, std::string_view key, std::string_view value,
                             int64_t ttl_ms = 0) {
  append<uint32_t>(batch, op);
  append<uint32_t>(batch, ns);
  append<uint32_t>(batch, static_cast<uint32_t>(key.size()));
  append<uint32_t>(batch, static_cast<uint32_t>(value.size()));
  append<int64_t>(batch, ttl_ms);
  batch->append(key).append(value);
}

inline void append_request(std::string* requests, uint32_t ns, std::string_view key) {
  append<uint32_t>(requests, ns);
  append<uint32_t>(requests, static_cast<uint32_t>(key.size()));
  requests->append(key);
}

class CapiTest : public testing::Test {
 protected:
  void SetUp() override {
    firn_error error = FIRN_ERROR_INIT;
    db_ = firn_open(":memory:", nullptr, &error);
    ASSERT_NE(db_, nullptr) << error.message;
  }
  void TearDown() override {
    if (db_ != nullptr) {
      EXPECT_EQ(firn_close(db_), FIRN_OK);
    }
  }
  // For tests that close on their own.
  firn_db* take() { return std::exchange(db_, nullptr); }

  firn_db* db_ = nullptr;
};

}  // namespace firn_test
