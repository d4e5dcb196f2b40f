// What the tests of the database share: one on disk, calls with texts, and copies of its directory as a killed process would leave it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "db/db.h"
#include "db/options.h"
#include "env/environment.h"
#include "env/killed_copy.h"
#include "env/thread_mark.h"

namespace firn {

class DbTest : public testing::Test {
 protected:
  std::string path() const { return disk_.path() + "/db"; }

  Result<std::unique_ptr<Db>> open_at(const std::string& path, const std::string& options = "") const {
    DbOptions parsed;
    EXPECT_EQ(Code::kOk, parse_options(&parsed, options)) << options;
    return Db::open(path, parsed, *env_);
  }
  // Opens it; the test fails when that does not succeed.
  void open(const std::string& options = "") {
    auto db = open_at(path(), options);
    ASSERT_TRUE(db.ok()) << db.status().message() << " " << (db.status().detail() ? db.status().detail()->file : "");
    db_ = std::move(*db);
  }
  void close() {
    const Status status = close_only(*db_);
    ASSERT_TRUE(status.ok()) << status.message();
    db_.reset();
  }
  static Status close_only(Db& db) {
    const ThreadMark mark;
    return db.close();
  }
  void reopen(const std::string& options = "") {
    close();
    open(options);
  }
  void TearDown() override {
    if (db_ != nullptr) close();
  }

  static Operation put_of(std::string_view key, std::string_view value, uint32_t ns = 0) {
    Operation operation;
    operation.ns = ns;
    operation.key = Slice(key);
    operation.value = Slice(value);
    return operation;
  }
  static Result<Seq> write(Db& db, const std::vector<Operation>& operations, WriteFlags flags = {}) {
    const ThreadMark mark;
    return db.write(operations.data(), operations.size(), flags);
  }
  Seq put(std::string_view key, std::string_view value) {
    const auto seq = write(*db_, {put_of(key, value)});
    EXPECT_TRUE(seq.ok()) << seq.status().message();
    return seq.ok() ? *seq : Seq{};
  }
  static std::string get(Db& db, std::string_view key, uint32_t ns = 0) {
    const ThreadMark mark;
    std::string value(4096, '\0');
    for (;;) {
      const auto length = db.get(ns, Slice(key), reinterpret_cast<uint8_t*>(value.data()), value.size());
      if (!length.ok()) return length.status().is(Code::kNotFound) ? "none" : "error";
      const bool fits = *length <= value.size();
      value.resize(*length);
      if (fits) return value;
    }
  }
  std::string get(std::string_view key) { return get(*db_, key); }
  Status flush() {
    const ThreadMark mark;
    return db_->flush();
  }
  Status compact() {
    const ThreadMark mark;
    return db_->compact();
  }
  Status sync() {
    const ThreadMark mark;
    return db_->sync();
  }
  // A number of the statistics.
  uint64_t stat(const std::string& name) {
    const ThreadMark mark;
    const std::string json = db_->stats_json();
    const size_t at = json.find("\"" + name + "\":");
    EXPECT_NE(std::string::npos, at) << name << " in " << json;
    return at == std::string::npos ? 0 : std::stoull(json.substr(at + name.size() + 3));
  }

  // What a kill at this moment would leave.
  std::string copy_as_killed(const std::string& name = "copy") {
    const std::string to = disk_.path() + "/" + name;
    firn::copy_as_killed(path(), to);
    return to;
  }

  static std::vector<std::string> names(const std::string& directory) {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) found.push_back(entry.path().filename());
    std::sort(found.begin(), found.end());
    return found;
  }
  static std::string read_whole(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void write_whole(const std::string& file, std::string_view bytes) {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out << bytes;
  }
  static std::string file_of(const Status& status) { return status.detail() != nullptr ? status.detail()->file : ""; }

  TemporaryDirectory disk_;
  Env* env_ = &posix_env();  // that databases are opened with
  std::unique_ptr<Db> db_;
};

}  // namespace firn
