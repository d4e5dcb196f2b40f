// The hash index leads to every key, whatever the hashes are.
#include "table/hash_index.h"

#include "table/table_model.h"

namespace firn {
namespace {

// Whether the index leads from `hash` to `place`, and how many buckets were looked at.
bool leads_to(const uint8_t* buckets, uint32_t bucket_count, uint64_t hash, uint32_t place, uint32_t* probes) {
  uint32_t at = home_bucket(hash, bucket_count);
  for (*probes = 1; *probes <= bucket_count; ++*probes) {
    const uint8_t* const bucket = buckets + size_t{at} * kBucketBytes;
    uint32_t matches = match_fingerprints(bucket, fingerprint_of(hash)) & ((1u << bucket_used(bucket)) - 1);
    for (; matches != 0; matches &= matches - 1) {
      if (bucket_place(bucket, static_cast<uint32_t>(__builtin_ctz(matches))) == place) return true;
    }
    if (!has_spilled(bucket, hash)) return false;
    at = (at + 1) % bucket_count;
  }
  return false;
}

TEST(HashIndex, PortableMatchAnswersAsTheVectorOne) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200000; ++round) {
    uint8_t bucket[kBucketBytes];
    for (uint8_t& byte : bucket) byte = static_cast<uint8_t>(random() % 3 == 0 ? 0x80 * (random() % 2) : random() % 4);
    const auto fingerprint = static_cast<uint8_t>(random() % 4 + (random() % 2) * 0x7e);
    uint32_t expected = 0;
    for (uint32_t i = 0; i < kBucketSlots; ++i) expected |= static_cast<uint32_t>(bucket[i] == fingerprint) << i;
    ASSERT_EQ(match_portable(bucket, fingerprint), expected);
    ASSERT_EQ(match_fingerprints(bucket, fingerprint), expected);
  }
}

TEST(HashIndex, LeadsToEveryKeyForAnyNumberOfKeys) {
  std::mt19937_64 random(2);
  for (uint32_t count : {1u, 2u, 11u, 12u, 13u, 100u, 4095u, 4096u, 4097u, 100000u}) {
    HashIndexBuilder builder;
    std::vector<uint64_t> hashes(count);
    for (uint32_t i = 0; i < count; ++i) builder.add(hashes[i] = random(), i);
    const uint32_t bucket_count = HashIndexBuilder::bucket_count_for(count);
    const auto buckets = builder.build();
    ASSERT_NE(buckets, nullptr);
    uint64_t probe_sum = 0;
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t probes = 0;
      ASSERT_TRUE(leads_to(buckets.get(), bucket_count, hashes[i], i, &probes));
      probe_sum += probes;
    }
    EXPECT_LE(probe_sum, count + count / 5 + 2);
    uint64_t absent_probe_sum = 0;
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t probes = 0;
      ASSERT_FALSE(leads_to(buckets.get(), bucket_count, random(), UINT32_MAX, &probes));
      absent_probe_sum += probes;
    }
    EXPECT_LE(absent_probe_sum, count + count / 5 + 10);
  }
}

TEST(HashIndex, EqualHashesSpillAroundTheEnd) {
  for (uint64_t hash : {uint64_t{0}, ~uint64_t{0}, uint64_t{0xdeadbeef}, uint64_t{0xfffffff0}}) {
    HashIndexBuilder builder;
    constexpr uint32_t kCount = 2000;
    for (uint32_t i = 0; i < kCount; ++i) builder.add(hash, i);
    const uint32_t bucket_count = HashIndexBuilder::bucket_count_for(kCount);
    const auto buckets = builder.build();
    for (uint32_t i = 0; i < kCount; ++i) {
      uint32_t probes = 0;
      ASSERT_TRUE(leads_to(buckets.get(), bucket_count, hash, i, &probes));
    }
  }
}

TEST(HashIndex, TableWithEqualHashesFindsAllKeysAndNoOther) {
  for (uint64_t hash : {uint64_t{0}, ~uint64_t{0}}) {
    const Model model = random_model(9, 900);
    BytesFile file;
    auto builder = TableBuilder::create(&file, options_for(model, Compression::kNone));
    for (const auto& [key, value] : model) ASSERT_TRUE(builder->add(entry_of(key, value), hash).ok());
    ASSERT_TRUE(builder->finish().ok());
    auto table = open_bytes(file.bytes(), TableIo::kMmap);
    ASSERT_TRUE(table.ok());
    Entry entry;
    for (const auto& [key, value] : model) {
      ASSERT_TRUE((*table)->find(key.internal(), hash, &entry).ok());
      ASSERT_TRUE(is_same(entry, key, value));
      const ModelKey absent{key.prefix, key.user + "?"};
      EXPECT_EQ((*table)->find(absent.internal(), hash, &entry).is(Code::kNotFound), !model.contains(absent));
    }
  }
}

}  // namespace
}  // namespace firn
