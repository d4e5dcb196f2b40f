// Codes, versions, the caller's firn_error, and the function table.
#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <stdexcept>
#include <string>

#include "capi/boundary.h"
#include "capi/error.h"
#include "firn.h"

namespace {

TEST(CapiStatus, every_code_has_a_name_and_a_text_of_its_own) {
  std::set<std::string> names;
  for (int32_t code :
       {0, -1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11, -12, -13, -14, -15, -16, -17, -18, -19, -20, -21, -22, -23, -24, -99}) {
    EXPECT_TRUE(names.insert(firn_status_name(code)).second) << code;
    EXPECT_NE(firn_status_text(code)[0], '\0');
  }
  EXPECT_EQ(names.count("FIRN_UNKNOWN"), 0u);
  for (int32_t code : {1, -25, -98, -100, INT32_MIN, INT32_MAX}) EXPECT_STREQ(firn_status_name(code), "FIRN_UNKNOWN");
  EXPECT_STREQ(firn_status_name(FIRN_NOT_FOUND), "FIRN_NOT_FOUND");
}

TEST(CapiStatus, what_may_succeed_when_tried_again_is_retryable_and_nothing_else) {
  const std::set<int32_t> retryable = {FIRN_CONFLICT, FIRN_WOULD_BLOCK, FIRN_TIMEOUT, FIRN_CANCELLED, FIRN_LOCKED};
  for (int32_t code = -120; code < 5; ++code) EXPECT_EQ(firn_status_is_retryable(code), retryable.count(code) != 0 ? 1 : 0) << code;
}

TEST(CapiStatus, versions_agree) {
  EXPECT_EQ(firn_version(), uint32_t{FIRN_VERSION_MAJOR} << 16 | uint32_t{FIRN_VERSION_MINOR} << 8 | uint32_t{FIRN_VERSION_PATCH});
  const std::string version =
      std::to_string(FIRN_VERSION_MAJOR) + "." + std::to_string(FIRN_VERSION_MINOR) + "." + std::to_string(FIRN_VERSION_PATCH);
  EXPECT_EQ(std::string(firn_build_info()).find("firn " + version + ";"), 0u) << firn_build_info();
  EXPECT_EQ(firn_build_info(), firn_build_info());
}

TEST(CapiStatus, the_function_table_is_complete) {
  const firn_api* api = firn_get_api(FIRN_VERSION_MAJOR);
  ASSERT_NE(api, nullptr);
  EXPECT_EQ(api->struct_size, sizeof(firn_api));
  EXPECT_EQ(api->version, firn_version());
  EXPECT_EQ(firn_get_api(FIRN_VERSION_MAJOR + 1), nullptr);
  const auto* words = reinterpret_cast<void* const*>(&api->status_name);
  const size_t count = (sizeof(firn_api) - offsetof(firn_api, status_name)) / sizeof(void*);
  std::set<void*> functions(words, words + count);
  EXPECT_EQ(functions.size(), count);
  EXPECT_EQ(functions.count(nullptr), 0u);
  EXPECT_EQ(api->put, &firn_put);
  EXPECT_EQ(api->check, &firn_check);
}

TEST(CapiError, a_full_struct_gets_all_details) {
  firn_error error = FIRN_ERROR_INIT;
  firn::report(&error, firn::Status(firn::Code::kCorrupt, "the message", "the/file", 77, 5));
  EXPECT_EQ(error.code, FIRN_CORRUPT);
  EXPECT_EQ(error.os_errno, 5);
  EXPECT_EQ(error.offset, 77u);
  EXPECT_STREQ(error.file, "the/file");
  EXPECT_STREQ(error.message, "the message");
  firn::report(&error, firn::Status());
  EXPECT_EQ(error.code, FIRN_OK);
  EXPECT_STREQ(error.file, "");
  EXPECT_STREQ(error.message, "");
  firn::report(&error, firn::Code::kNotFound);
  EXPECT_STREQ(error.message, firn_status_text(FIRN_NOT_FOUND));
  firn::report(nullptr, firn::Code::kNotFound);
}

TEST(CapiError, not_one_byte_beyond_struct_size_is_written_and_text_ends) {
  const firn::Status status(firn::Code::kIo, std::string(600, 'm'), std::string(300, 'f'), 9, 5);
  for (uint32_t size = 0; size <= sizeof(firn_error) + 64; ++size) {
    union {
      firn_error error;
      unsigned char bytes[sizeof(firn_error) + 64];
    } u;
    memset(&u, 0x5a, sizeof u);
    u.error.struct_size = size;
    firn::report(&u.error, status);
    ASSERT_EQ(u.error.struct_size, size);
    for (size_t i = std::max<size_t>(std::min(size_t{size}, sizeof(firn_error)), 4); i < sizeof u; ++i)
      ASSERT_EQ(u.bytes[i], 0x5a) << size << " " << i;
    if (size >= 8) {
      ASSERT_EQ(u.error.code, FIRN_IO);
    }
    if (size >= 12) {
      ASSERT_EQ(u.error.os_errno, 5);
    }
    const size_t known = std::min(size_t{size}, sizeof(firn_error));
    if (known > offsetof(firn_error, file)) {
      ASSERT_NE(memchr(u.error.file, 0, std::min(known - offsetof(firn_error, file), sizeof u.error.file)), nullptr) << size;
    }
    if (known > offsetof(firn_error, message)) {
      ASSERT_NE(memchr(u.error.message, 0, known - offsetof(firn_error, message)), nullptr) << size;
    }
  }
}

TEST(CapiBoundary, exceptions_become_codes) {
  EXPECT_EQ(firn::guarded([]() -> int32_t { throw std::bad_alloc(); }), FIRN_NO_MEMORY);
  EXPECT_EQ(firn::guarded([]() -> int64_t { throw std::runtime_error("x"); }), FIRN_INTERNAL);
  EXPECT_EQ(firn::guarded([]() -> int64_t { throw 1; }), FIRN_INTERNAL);
  EXPECT_EQ(firn::guarded([]() -> int64_t { return int64_t{1} << 40; }), int64_t{1} << 40);
}

}  // namespace
