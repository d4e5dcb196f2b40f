// What a builder refuses, and how it fails.
#include "table/table_model.h"

namespace firn {
namespace {

Entry entry(std::string_view key, std::string_view value = "v", uint64_t seq = 5) {
  return {{1, Slice(key)}, Slice(value), Seq{seq}, EntryKind::kPut, kNeverExpires};
}

TableBuilderOptions options() {
  TableBuilderOptions some;
  some.identity = kTestIdentity;
  some.seq_lower = Seq{2};
  some.seq_upper = Seq{9};
  return some;
}

TEST(TableBuilder, RefusesKeysThatDoNotAscendAndGoesOn) {
  BytesFile file;
  auto builder = TableBuilder::create(&file, options());
  EXPECT_TRUE(builder->add(entry("b"), 1).ok());
  EXPECT_TRUE(builder->add(entry("b"), 1).is(Code::kInvalid));
  EXPECT_TRUE(builder->add(entry("a"), 1).is(Code::kInvalid));
  EXPECT_TRUE(builder->add(entry("c"), 1).ok());
  EXPECT_EQ(builder->entry_count(), 2u);
  ASSERT_TRUE(builder->finish().ok());
}

TEST(TableBuilder, RefusesWhatIsOutsideItsBounds) {
  BytesFile file;
  auto builder = TableBuilder::create(&file, options());
  EXPECT_TRUE(builder->add(entry("a", "v", 1), 1).is(Code::kInvalid));
  EXPECT_TRUE(builder->add(entry("a", "v", 10), 1).is(Code::kInvalid));
  Entry tombstone = entry("a");
  tombstone.kind = EntryKind::kDelete;
  EXPECT_TRUE(builder->add(tombstone, 1).is(Code::kInvalid));
  EXPECT_TRUE(builder->add(entry(std::string(kKeyBytesMax + 1, 'k')), 1).is(Code::kInvalid));
  EXPECT_TRUE(builder->finish().status().is(Code::kInvalid)) << "a table without entries";
}

TEST(TableBuilder, EstimateIsCloseToTheFile) {
  for (Compression compression : built_in_compressions()) {
    const Model model = random_model(5, 20000);
    BytesFile file;
    auto builder = TableBuilder::create(&file, options_for(model, compression));
    for (const auto& [key, value] : model) ASSERT_TRUE(builder->add(entry_of(key, value), hash_key(1, key.internal())).ok());
    const uint64_t estimate = builder->file_bytes_estimate();
    ASSERT_TRUE(builder->finish().ok());
    EXPECT_GE(estimate, file.bytes().size());
    EXPECT_TRUE(compression != Compression::kNone || estimate <= file.bytes().size() + 300);
  }
}

TEST(TableBuilder, EveryFailedWriteIsReportedAndFinal) {
  const Model model = random_model(6, 20000, 24, 300);
  for (Compression compression : built_in_compressions()) {
    for (int n = 1;; ++n) {
      BytesFile file;
      file.fail_at(n);
      auto builder = TableBuilder::create(&file, options_for(model, compression));
      Status first;
      for (const auto& [key, value] : model) {
        first = builder->add(entry_of(key, value), hash_key(1, key.internal()));
        if (!first.ok()) break;
      }
      if (!first.ok()) {
        EXPECT_TRUE(first.is(Code::kNoSpace));
        EXPECT_TRUE(builder->add(entry("zzzzzz"), 1).is(Code::kNoSpace));
      }
      const auto finished = builder->finish();
      EXPECT_TRUE(first.ok() || finished.status().is(Code::kNoSpace));
      if (finished.ok()) {
        EXPECT_GE(n, 4);
        break;
      }
    }
  }
}

TEST(TableBuilder, RefusesEntriesBehindFourGigabytes) {
  // A file that forgets what is written: only the builder's own bounds are looked at.
  class NoFile final : public File {
   public:
    Status read(uint64_t, uint8_t*, size_t) override { return Code::kIo; }
    Status write(uint64_t, Slice) override { return {}; }
    Status allocate(uint64_t) override { return {}; }
    void release_tail(uint64_t) override {}
    Status sync() override { return {}; }
    Result<uint64_t> size() override { return uint64_t{0}; }
    Result<std::unique_ptr<Mapping>> map(size_t, bool) override { return Code::kIo; }
    bool stores_in_place() override { return false; }
    const std::string& path() const override { return path_; }

   private:
    std::string path_ = "nowhere";
  };
  NoFile file;
  auto builder = TableBuilder::create(&file, options());
  const std::string value(size_t{900} << 20, 'v');
  for (char c = 'a'; c < 'e'; ++c) ASSERT_TRUE(builder->add(entry(std::string(1, c), value), 1).ok());
  EXPECT_TRUE(builder->add(entry("e", value), 1).is(Code::kTooLarge));
  EXPECT_EQ(builder->entry_count(), 4u);
  EXPECT_TRUE(builder->add(entry("e"), 1).ok());
  const auto finished = builder->finish();
  ASSERT_TRUE(finished.ok());
  EXPECT_GT(finished.value().file_bytes, uint64_t{3600} << 20);
}

TEST(TableBuilder, WrongBoundsAndMissingCompressionsAreRefused) {
  BytesFile file;
  TableBuilderOptions wrong = options();
  wrong.seq_lower = Seq{10};
  EXPECT_TRUE(TableBuilder::create(&file, wrong)->add(entry("a"), 1).is(Code::kInvalid));
  for (Compression compression : {Compression::kLz4, Compression::kZstd}) {
    TableBuilderOptions packed = options();
    packed.compression = compression;
    EXPECT_EQ(TableBuilder::create(&file, packed)->add(entry("a"), 1).is(Code::kUnsupported), !compression_is_built_in(compression));
  }
}

}  // namespace
}  // namespace firn
