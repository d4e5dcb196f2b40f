// verify() sees each kind of contradiction between the sections of a table, although every checksum is right.
#include "table/hash_index.h"
#include "table/table_surgeon.h"

namespace firn {
namespace {

Model two_namespaces() {
  Model model;
  for (int i = 0; i < 40; ++i) {
    model[{1, "key" + std::to_string(100 + i)}] = {"v", static_cast<uint64_t>(50 + i), EntryKind::kPut, kNeverExpires};
    model[{2, "key" + std::to_string(100 + i)}] = {"w", static_cast<uint64_t>(50 + i), EntryKind::kPut, kNeverExpires};
  }
  return model;
}

// The sentence with which verify() refuses the file; empty when it does not.
std::string refusal(const std::string& bytes) {
  const auto table = open_bytes(bytes, TableIo::kMmap);
  if (!table.ok()) return "open: " + std::string(table.status().message());
  const Status status = (*table)->verify(kTestHashSeed);
  EXPECT_TRUE(status.ok() || status.is(Code::kCorrupt));
  return std::string(status.message());
}

class TableVerify : public testing::Test {
 protected:
  TableSurgeon surgeon_{build_table(two_namespaces())};
  Layout layout_ = surgeon_.layout();
};

TEST_F(TableVerify, AcceptsATableThatWasSealedAgain) { EXPECT_EQ(refusal(surgeon_.seal()), ""); }

TEST_F(TableVerify, SeesKeysThatDoNotAscend) {
  *surgeon_.at(3 + 3) = 'z';  // the first byte of the first keys' digits, behind a header of three bytes
  EXPECT_EQ(refusal(surgeon_.seal()), "the smallest key is not the first");
}

TEST_F(TableVerify, SeesAChangedKeyInTheMiddle) {
  const uint64_t entry_bytes = 3 + 6 + 1;
  *surgeon_.at(entry_bytes + 3 + 5) = 'z';  // key101 becomes key10z
  EXPECT_EQ(refusal(surgeon_.seal()), "the hash index does not lead to a key");
}

TEST_F(TableVerify, SeesAWrongHead) {
  *surgeon_.at(layout_.heads_offset + 8) ^= 1;
  EXPECT_EQ(refusal(surgeon_.seal()), "a fence has a wrong head");
}

TEST_F(TableVerify, SeesAFenceThatPointsBesideAnEntry) {
  *surgeon_.at(layout_.offsets_offset + 4) ^= 1;
  EXPECT_NE(refusal(surgeon_.seal()), "");
}

TEST_F(TableVerify, SeesAGroupThatIsTooLong) {
  // The second group's fence is moved behind its first entry: the first group then has 17.
  const uint64_t second = layout_.offsets_offset + 4;
  store(surgeon_.at(second), load_u32(surgeon_.at(second)) + 10);
  EXPECT_EQ(refusal(surgeon_.seal()), "a group has too many entries");
}

TEST_F(TableVerify, SeesPaddingThatIsNotZero) {
  ASSERT_LT(layout_.entries_bytes, layout_.heads_offset);
  *surgeon_.at(layout_.entries_bytes) = 1;
  EXPECT_EQ(refusal(surgeon_.seal()), "the padding is not zero");
}

TEST_F(TableVerify, SeesABucketThatHoldsTooMany) {
  *surgeon_.at(layout_.index_offset + kBucketStateOffset) = 13;
  EXPECT_EQ(refusal(surgeon_.seal()), "a hash bucket holds too many");
}

TEST_F(TableVerify, SeesASlotTooMany) {
  for (uint32_t i = 0; i < layout_.bucket_count; ++i) {
    uint8_t* const bucket = surgeon_.at(layout_.index_offset + uint64_t{i} * kBucketBytes);
    if (bucket_used(bucket) == kBucketSlots) continue;
    ++bucket[kBucketStateOffset];
    EXPECT_EQ(refusal(surgeon_.seal()), "the hash index has another number of entries");
    return;
  }
  FAIL() << "no bucket has room";
}

TEST_F(TableVerify, SeesASlotThatLeadsToAnotherEntry) {
  uint8_t* const bucket = surgeon_.at(layout_.index_offset);
  ASSERT_GE(bucket_used(bucket), 2u);
  store(bucket + kBucketPlaceOffset, bucket_place(bucket, 1));
  EXPECT_EQ(refusal(surgeon_.seal()), "the hash index does not lead to a key");
}

TEST_F(TableVerify, SeesAWrongNamespacePrefix) {
  *surgeon_.at(layout_.namespaces_offset + kNamespaceBytes) ^= 1;
  EXPECT_NE(refusal(surgeon_.seal()), "");
}

TEST_F(TableVerify, SeesAWrongFirstGroupOfANamespace) {
  *surgeon_.at(layout_.namespaces_offset + kNamespaceBytes + 8) ^= 1;
  EXPECT_EQ(refusal(surgeon_.seal()), "a namespace does not begin with a group");
}

TEST_F(TableVerify, SeesWrongCounts) {
  const Footer right = surgeon_.footer();
  const auto refuse_after = [&](const auto& change) {
    change(surgeon_.footer());
    EXPECT_EQ(refusal(surgeon_.seal()), "the footer counts otherwise than the entries");
    surgeon_.footer() = right;
  };
  for (uint64_t Footer::*field : {&Footer::tombstone_count, &Footer::key_value_bytes, &Footer::seq_max}) {
    refuse_after([field](Footer& footer) { footer.*field += 1; });
  }
  refuse_after([](Footer& footer) { footer.expiring_count += 1, footer.expiry_median_ms = 1; });
  surgeon_.footer().entry_count += 1;
  EXPECT_EQ(refusal(surgeon_.seal()), "the hash index has another number of entries");
}

TEST_F(TableVerify, SeesAnotherHashSeed) {
  const auto table = open_bytes(surgeon_.seal(), TableIo::kMmap);
  ASSERT_TRUE(table.ok());
  EXPECT_TRUE((*table)->verify(kTestHashSeed + 1).is(Code::kCorrupt));
}

TEST_F(TableVerify, SeesRotBelowAChunkThatWasVerifiedBefore) {
  // A mapping keeps what it showed; verify() asks the file again.
  class RottingFile final : public File {
   public:
    explicit RottingFile(std::string bytes) : file_(std::move(bytes)) {}
    void rot() { file_.write(5, Slice(std::string_view("rot"))).ok(); }
    Status read(uint64_t offset, uint8_t* to, size_t bytes) override { return file_.read(offset, to, bytes); }
    Status write(uint64_t offset, Slice bytes) override { return file_.write(offset, bytes); }
    Status allocate(uint64_t bytes) override { return file_.allocate(bytes); }
    void release_tail(uint64_t) override {}
    Status sync() override { return file_.sync(); }
    Result<uint64_t> size() override { return file_.size(); }
    Result<std::unique_ptr<Mapping>> map(size_t bytes, bool writable) override { return file_.map(bytes, writable); }
    bool stores_in_place() override { return false; }
    const std::string& path() const override { return file_.path(); }

   private:
    BytesFile file_;
  };
  auto file = std::make_unique<RottingFile>(surgeon_.seal());
  RottingFile* const rotting = file.get();
  const auto table = Table::open(std::move(file), kTestIdentity, TableIo::kMmap);
  ASSERT_TRUE(table.ok());
  ASSERT_TRUE((*table)->verify(kTestHashSeed).ok());
  rotting->rot();
  EXPECT_TRUE((*table)->verify(kTestHashSeed).is(Code::kCorrupt));
}

}  // namespace
}  // namespace firn
