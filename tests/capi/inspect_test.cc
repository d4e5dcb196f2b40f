// firn_inspect, firn_explain_key: answers beside the opened database, arguments.
#include <cstdlib>
#include <filesystem>
#include <string>

#include "capi_fixture.h"

namespace firn_test {
namespace {

class InspectTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "firn-inspect-test.XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string path() const { return directory_ + "/db"; }
  firn_db* open() const {
    firn_error error = FIRN_ERROR_INIT;
    firn_db* db = firn_open(path().c_str(), nullptr, &error);
    EXPECT_NE(db, nullptr) << error.message;
    return db;
  }
  std::string inspect(uint32_t part) {
    firn_error error = FIRN_ERROR_INIT;
    char text[65536];
    const int64_t length = firn_inspect(path().c_str(), part, text, sizeof text, &error);
    return length < 0 ? error.message : text;
  }
  std::string explain(const std::string& key, const std::string& ns = {}) {
    firn_error error = FIRN_ERROR_INIT;
    char text[4096];
    const int64_t length = firn_explain_key(path().c_str(), bytes(ns), ns.size(), bytes(key), key.size(), text, sizeof text, &error);
    return length < 0 ? firn_status_name(error.code) : text;
  }

 private:
  std::string directory_;
};

TEST_F(InspectTest, EveryVersionOfAKeyIsFoundNewestFirst) {
  firn_db* db = open();
  put(db, "key", "one");
  put(db, "key", "three");
  ASSERT_EQ(firn_delete(db, 0, bytes("key"), 3), FIRN_OK);
  const std::string deleted = explain("key");
  EXPECT_NE(deleted.find("\"answer\":\"deleted\""), std::string::npos) << deleted;
  const size_t newest = deleted.find("\"kind\":\"delete\",\"value_bytes\":0");
  const size_t middle = deleted.find("\"kind\":\"put\",\"value_bytes\":5");
  const size_t oldest = deleted.find("\"kind\":\"put\",\"value_bytes\":3");
  EXPECT_LT(newest, middle);
  EXPECT_LT(middle, oldest);
  EXPECT_NE(oldest, std::string::npos);
  put(db, "key", "four");
  ASSERT_EQ(firn_flush(db), FIRN_OK);
  const std::string flushed = explain("key");
  EXPECT_NE(flushed.find("\"in\":\"table\""), std::string::npos) << flushed;
  EXPECT_EQ(flushed.find("\"in\":\"log\""), std::string::npos) << flushed;
  EXPECT_NE(flushed.find("\"answer\":\"found\",\"tables_asked\":1,\"runs\":1}"), std::string::npos) << flushed;
  EXPECT_NE(explain("other").find("\"versions\":[],\"answer\":\"absent\""), std::string::npos);
  EXPECT_EQ(explain("key", "nobody"), "FIRN_NOT_FOUND");
  ASSERT_GT(firn_ns_open(db, bytes("somebody"), 8, 0), 0);
  EXPECT_NE(explain("key", "somebody").find("absent"), std::string::npos);
  EXPECT_EQ(firn_close(db), FIRN_OK);
}

TEST_F(InspectTest, EveryPartIsOneObject) {
  firn_db* db = open();
  put(db, "key", "value");
  ASSERT_EQ(firn_flush(db), FIRN_OK);
  put(db, "more", "value");
  EXPECT_TRUE(inspect(FIRN_INSPECT_MANIFEST).starts_with("{\"db_id\":\""));
  const std::string tables = inspect(FIRN_INSPECT_TABLES);
  EXPECT_TRUE(tables.starts_with("{\"runs\":[{\"run\":")) << tables;
  EXPECT_NE(tables.find("\"key_hex\":\"6b6579\""), std::string::npos) << tables;
  const std::string log = inspect(FIRN_INSPECT_LOG);
  EXPECT_TRUE(log.starts_with("{\"segments\":[{\"segment\":")) << log;
  EXPECT_NE(log.find("\"records\":1,\"entries\":1"), std::string::npos) << log;
  EXPECT_EQ(firn_close(db), FIRN_OK);
}

TEST_F(InspectTest, TextIsCopiedWithItsNulOrNotAtAll) {
  firn_close(open());
  firn_error error = FIRN_ERROR_INIT;
  const int64_t length = firn_inspect(path().c_str(), FIRN_INSPECT_MANIFEST, nullptr, 0, &error);
  ASSERT_GT(length, 0) << error.message;
  std::string text(static_cast<size_t>(length) + 1, 'x');
  EXPECT_EQ(firn_inspect(path().c_str(), FIRN_INSPECT_MANIFEST, text.data(), text.size() - 1, &error), length);
  EXPECT_EQ(text[0], 'x');
  EXPECT_EQ(firn_inspect(path().c_str(), FIRN_INSPECT_MANIFEST, text.data(), text.size(), &error), length);
  EXPECT_EQ(text.back(), '\0');
  EXPECT_EQ(text[0], '{');
}

TEST_F(InspectTest, ArgumentsOutsideTheirDomainAreAnswered) {
  firn_error error = FIRN_ERROR_INIT;
  char text[64];
  EXPECT_EQ(firn_inspect(nullptr, FIRN_INSPECT_LOG, text, sizeof text, &error), FIRN_INVALID);
  EXPECT_EQ(firn_inspect("", FIRN_INSPECT_LOG, text, sizeof text, &error), FIRN_INVALID);
  EXPECT_EQ(firn_inspect(path().c_str(), FIRN_INSPECT_LOG, text, sizeof text, &error), FIRN_NOT_FOUND);
  EXPECT_EQ(error.code, FIRN_NOT_FOUND);
  EXPECT_EQ(firn_inspect(path().c_str(), FIRN_INSPECT_LOG, text, sizeof text, nullptr), FIRN_NOT_FOUND);
  firn_close(open());
  EXPECT_EQ(firn_inspect(path().c_str(), 0, text, sizeof text, &error), FIRN_INVALID);
  EXPECT_EQ(firn_inspect(path().c_str(), 4, text, sizeof text, &error), FIRN_INVALID);
  EXPECT_EQ(firn_inspect(path().c_str(), FIRN_INSPECT_LOG, nullptr, 1, &error), FIRN_INVALID);
  EXPECT_EQ(firn_explain_key(path().c_str(), nullptr, 0, nullptr, 0, text, sizeof text, &error), FIRN_INVALID);
  EXPECT_EQ(firn_explain_key(path().c_str(), nullptr, 1, bytes("k"), 1, text, sizeof text, &error), FIRN_INVALID);
  EXPECT_EQ(firn_explain_key(path().c_str(), bytes("n"), 256, bytes("k"), 1, text, sizeof text, &error), FIRN_TOO_LARGE);
}

}  // namespace
}  // namespace firn_test
