// Sections whose checksums are right and whose content is not: find and iterators name the contradiction when they meet it.
#include "table/compression.h"
#include "table/hash_index.h"
#include "table/table_surgeon.h"

namespace firn {
namespace {

constexpr uint64_t kEntryBytes = 3 + 6 + 1;  // header, key, value

// 40 entries of ten bytes in each of two namespaces: groups of 16, 16 and 8.
Model two_namespaces() {
  Model model;
  for (int i = 0; i < 40; ++i) {
    for (Prefix prefix : {1u, 2u})
      model[{prefix, "key" + std::to_string(100 + i)}] = {"v", static_cast<uint64_t>(50 + i), EntryKind::kPut, 0};
  }
  return model;
}

class MalformedTable : public testing::Test {
 protected:
  std::unique_ptr<Table> open() {
    auto table = open_bytes(surgeon_.seal(), TableIo::kMmap);
    EXPECT_TRUE(table.ok());
    return std::move(table.value());
  }
  std::string find(const ModelKey& key) {
    const auto table = open();
    Entry entry;
    const Status status = table->find(key.internal(), hash_key(kTestHashSeed, key.internal()), &entry);
    return status.is(Code::kCorrupt) ? std::string(status.message()) : "code " + std::to_string(static_cast<int>(status.code()));
  }
  template <typename Move>
  std::string walk(Move move) {
    const auto table = open();
    const auto iterator = table->new_iterator(false);
    move(iterator.get());
    EXPECT_TRUE(iterator->status().ok() || iterator->status().is(Code::kCorrupt));
    EXPECT_TRUE(iterator->status().ok() || !iterator->valid());
    const std::string said(iterator->status().message());
    iterator->seek_to_first();
    EXPECT_EQ(iterator->valid(), said.empty()) << "an error is sticky";
    return said;
  }
  std::string forward() {
    return walk([](Iterator* iterator) {
      for (iterator->seek_to_first(); iterator->valid();) iterator->next();
    });
  }
  std::string forward_by_batches() {
    return walk([](Iterator* iterator) {
      Entry copies[3];
      for (iterator->seek_to_first(); iterator->valid();) iterator->advance(copies, 3);
    });
  }
  std::string backward() {
    return walk([](Iterator* iterator) {
      for (iterator->seek_to_last(); iterator->valid();) iterator->prev();
    });
  }

  TableSurgeon surgeon_{build_table(two_namespaces())};
  Layout layout_ = surgeon_.layout();
};

TEST_F(MalformedTable, IsNotMalformedWithoutSurgery) {
  EXPECT_EQ(find({1, "key100"}), "code 0");
  EXPECT_EQ(forward(), "");
  EXPECT_EQ(forward_by_batches(), "");
  EXPECT_EQ(backward(), "");
}

TEST_F(MalformedTable, HasATombstoneWithAValue) {
  *surgeon_.at(0) = 6 << 2 | 1;
  EXPECT_EQ(find({1, "key100"}), "an entry does not decode");
  EXPECT_EQ(forward(), "an entry does not decode");
  EXPECT_EQ(forward_by_batches(), "an entry does not decode");
  EXPECT_EQ(backward(), "a group of entries does not decode");
}

TEST_F(MalformedTable, HasAnEntryOfAnUnknownKind) {
  *surgeon_.at(0) = 6 << 2 | 3;
  EXPECT_EQ(find({1, "key100"}), "an entry does not decode");
}

TEST_F(MalformedTable, HasAnEntryThatReachesIntoTheNextNamespace) {
  *surgeon_.at(39 * kEntryBytes + 1) = 2;
  EXPECT_EQ(find({1, "key139"}), "an entry does not decode");
  EXPECT_EQ(forward(), "an entry does not decode");
  EXPECT_EQ(forward_by_batches(), "an entry does not decode");
}

TEST_F(MalformedTable, HasABucketThatHoldsTooMany) {
  for (uint32_t i = 0; i < layout_.bucket_count; ++i) *surgeon_.at(layout_.index_offset + i * kBucketBytes + kBucketStateOffset) = 255;
  EXPECT_EQ(find({1, "key100"}), "a hash bucket holds too many");
}

TEST_F(MalformedTable, HasBucketsThatPointBehindTheEntries) {
  for (uint32_t i = 0; i < layout_.bucket_count; ++i) {
    for (uint32_t slot = 0; slot < kBucketSlots; ++slot) {
      store(surgeon_.at(layout_.index_offset + i * kBucketBytes + kBucketPlaceOffset + 4 * slot),
            static_cast<uint32_t>(layout_.entries_bytes));
    }
  }
  EXPECT_EQ(find({1, "key100"}), "a hash bucket points behind the entries");
}

TEST_F(MalformedTable, HasAGroupThatIsTooLong) {
  store(surgeon_.at(layout_.offsets_offset + 4), static_cast<uint32_t>(17 * kEntryBytes));
  EXPECT_EQ(backward(), "a group of entries does not decode");
}

TEST_F(MalformedTable, HasFencesThatDoNotAscend) {
  store(surgeon_.at(layout_.offsets_offset + 4), static_cast<uint32_t>(32 * kEntryBytes));
  EXPECT_EQ(backward(), "the fences contradict the entries");
}

TEST_F(MalformedTable, HasAGroupThatReachesIntoAnotherNamespace) {
  store(surgeon_.at(layout_.namespaces_offset + kNamespaceBytes + 4), static_cast<uint32_t>(39 * kEntryBytes));
  EXPECT_EQ(backward(), "the fences contradict the entries");
}

TEST_F(MalformedTable, HasNamespacesThatDoNotAscend) {
  store(surgeon_.at(layout_.namespaces_offset + kNamespaceBytes + 4), 0u);
  EXPECT_EQ(find({1, "key100"}), "the namespace directory does not ascend");
}

TEST(Compression, GivesExactlyTheBytesThatWereAskedForOrIsCorrupt) {
  const std::string text(1000, 'x');
  for (Compression compression : built_in_compressions()) {
    if (compression == Compression::kNone) continue;
    uint8_t packed[1000];
    const size_t bytes = Compressor(compression).compress(Slice(std::string_view(text)), packed);
    ASSERT_GT(bytes, 0u);
    uint8_t unpacked[1001];
    EXPECT_EQ(decompress(compression, Slice(packed, bytes), unpacked, 1000), Code::kOk);
    EXPECT_EQ(Slice(unpacked, 1000), Slice(std::string_view(text)));
    for (size_t wrong : {999U, 1001U}) EXPECT_EQ(decompress(compression, Slice(packed, bytes), unpacked, wrong), Code::kCorrupt);
    EXPECT_EQ(decompress(compression, Slice(packed, bytes - 1), unpacked, 1000), Code::kCorrupt);
  }
}

TEST(Compression, StoresWhatDoesNotShrink) {
  std::mt19937_64 random(1);
  uint8_t noise[4096];
  for (uint8_t& byte : noise) byte = static_cast<uint8_t>(random());
  uint8_t packed[4096];
  for (Compression compression : built_in_compressions())
    EXPECT_EQ(Compressor(compression).compress(Slice(noise, sizeof noise), packed), 0u);
}

}  // namespace
}  // namespace firn
