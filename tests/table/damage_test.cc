// Damaged tables give the same answers or kCorrupt, and never crash: every flipped bit, every cut, foreign files, and damage whose
// checksums were made right again.
#include <algorithm>
#include <functional>

#include "table/table_surgeon.h"

namespace firn {
namespace {

constexpr TableIo kBothIo[] = {TableIo::kMmap, TableIo::kPread};

Model small_model() {
  Model model;
  model[{1, ""}] = {"empty key", 100, EntryKind::kPut, kNeverExpires};
  model[{1, "a"}] = {"", 90, EntryKind::kDelete, kNeverExpires};
  model[{1, "ab"}] = {"expires", 400, EntryKind::kPutExpiring, 123456789};
  model[{2, "b"}] = {std::string(200, 'v'), 101, EntryKind::kPut, kNeverExpires};
  model[{2, std::string(70, 'k')}] = {"long key", 102, EntryKind::kPut, kNeverExpires};
  return model;
}

// Judges a damaged file. Says what was wrong with its answers.
std::optional<std::string> judge_damaged(const std::string& bytes, const Model& model, TableIo io) {
  const auto table = open_bytes(bytes, io);
  if (!table.ok()) {
    if (table.status().is(Code::kCorrupt)) return {};
    return "open: code " + std::to_string(static_cast<int>(table.status().code()));
  }
  TableJudge judge(**table, model, /*may_be_corrupt=*/true);
  if (auto difference = judge.judge()) return difference;
  if (!(*table)->verify(kTestHashSeed).is(Code::kCorrupt)) return "verify did not see the damage";
  return {};
}

TEST(TableDamage, EveryFlippedBitGivesTheSameAnswersOrCorrupt) {
  const Model model = small_model();
  for (Compression compression : built_in_compressions()) {
    const std::string bytes = build_table(model, compression);
    for (TableIo io : kBothIo) {
      for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        std::string damaged = bytes;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
        const auto difference = judge_damaged(damaged, model, io);
        ASSERT_FALSE(difference) << *difference << ", bit " << bit << ", compression " << static_cast<int>(compression);
      }
    }
  }
}

TEST(TableDamage, FlippedBitsOfALargerTableGiveTheSameAnswersOrCorrupt) {
  const Model model = random_model(11, 150, 20, 600);
  std::mt19937_64 random(11);
  for (Compression compression : built_in_compressions()) {
    const std::string bytes = build_table(model, compression);
    for (int round = 0; round < 700; ++round) {
      std::string damaged = bytes;
      const size_t bit = random() % (bytes.size() * 8);
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
      const auto difference = judge_damaged(damaged, model, kBothIo[round % 2]);
      ASSERT_FALSE(difference) << *difference << ", bit " << bit << ", compression " << static_cast<int>(compression);
    }
  }
}

TEST(TableDamage, SwappedAndZeroedSectorsGiveTheSameAnswersOrCorrupt) {
  const Model model = random_model(12, 150, 20, 600);
  for (Compression compression : built_in_compressions()) {
    const std::string bytes = build_table(model, compression);
    for (size_t sector = 0; sector + 1024 <= bytes.size(); sector += 512) {
      std::string zeroed = bytes;
      std::fill_n(zeroed.begin() + static_cast<long>(sector), 512, '\0');
      std::string swapped = bytes;
      std::swap_ranges(swapped.begin() + static_cast<long>(sector), swapped.begin() + static_cast<long>(sector) + 512,
                       swapped.begin() + static_cast<long>(sector) + 512);
      for (const std::string& damaged : {zeroed, swapped}) {
        if (damaged == bytes) continue;
        const auto difference = judge_damaged(damaged, model, TableIo::kMmap);
        ASSERT_FALSE(difference) << *difference << ", sector at " << sector;
      }
    }
  }
}

TEST(TableDamage, ChunksThatChangedPlacesDoNotVerify) {
  Model model;
  for (int i = 0; i < 100; ++i) model[{1, std::to_string(1000 + i)}] = {std::string(200, 'x'), 1, EntryKind::kPut, kNeverExpires};
  std::string bytes = build_table(model);
  std::swap_ranges(bytes.begin(), bytes.begin() + 4096, bytes.begin() + 4096);
  const auto difference = judge_damaged(bytes, model, TableIo::kMmap);
  EXPECT_FALSE(difference) << *difference;
}

TEST(TableDamage, EveryCutAndEveryTailIsRefused) {
  for (Compression compression : built_in_compressions()) {
    const std::string bytes = build_table(small_model(), compression);
    for (size_t length = 0; length < bytes.size(); ++length) {
      const auto table = open_bytes(bytes.substr(0, length), TableIo::kMmap);
      ASSERT_TRUE(table.status().is(Code::kCorrupt)) << length;
    }
    for (size_t more : {size_t{1}, size_t{144}, size_t{5000}}) {
      EXPECT_TRUE(open_bytes(bytes + std::string(more, '\0'), TableIo::kMmap).status().is(Code::kCorrupt));
      EXPECT_TRUE(open_bytes(std::string(more, 'x') + bytes, TableIo::kMmap).status().is(Code::kCorrupt));
    }
    EXPECT_TRUE(open_bytes(bytes + bytes, TableIo::kMmap).status().is(Code::kCorrupt));
  }
}

TEST(TableDamage, TablesOfOtherIdentitiesAreRefused) {
  const std::string bytes = build_table(small_model());
  const auto other_database = open_bytes(bytes, TableIo::kMmap, {kTestIdentity.db_id + 1, kTestIdentity.table_id});
  EXPECT_TRUE(other_database.status().is(Code::kCorrupt));
  EXPECT_EQ(other_database.status().message(), "the table belongs to another database");
  const auto other_table = open_bytes(bytes, TableIo::kMmap, {kTestIdentity.db_id, kTestIdentity.table_id + 1});
  EXPECT_TRUE(other_table.status().is(Code::kCorrupt));
  EXPECT_EQ(other_table.status().message(), "the table has another number");
}

TEST(TableDamage, ChunksOfAnotherTableDoNotVerify) {
  const Model model = small_model();
  std::string bytes = build_table(model);
  TableSurgeon surgeon(bytes);
  surgeon.footer().identity.table_id = kTestIdentity.table_id + 1;
  const std::string other = surgeon.seal();  // the same content, sealed as table 8
  const size_t footer_begin = bytes.size() - kFooterBytes;
  const size_t directory = surgeon.layout().directory_offset;
  EXPECT_EQ(bytes.compare(0, directory, other, 0, directory), 0);
  EXPECT_NE(bytes.compare(directory, 4, other, directory, 4), 0);
  for (TableIo io : kBothIo) {
    const auto table = open_bytes(other.substr(0, footer_begin) + bytes.substr(footer_begin), io);
    ASSERT_TRUE(table.ok());
    TableJudge judge(*table.value(), model, /*may_be_corrupt=*/true);
    EXPECT_FALSE(judge.judge());
    EXPECT_TRUE(judge.saw_corruption());
  }
}

TEST(TableDamage, NewerVersionIsRefusedAsNewer) {
  std::string bytes = build_table(small_model());
  uint8_t* const tail = reinterpret_cast<uint8_t*>(bytes.data()) + bytes.size() - kFooterTailBytes;
  store(tail + 4, kTableVersion + 1);
  store(tail + 8, crc32(0, Slice(std::string_view(bytes)).without_first(bytes.size() - kFooterBytes).first(kFooterBytes - 12)));
  EXPECT_TRUE(open_bytes(bytes, TableIo::kMmap).status().is(Code::kNewerFormat));
}

TEST(TableDamage, FilesThatAreNoTablesAreRefused) {
  for (size_t length : {0U, 1U, 19U, 20U, 143U, 144U, 145U, 10000U}) {
    EXPECT_TRUE(open_bytes(std::string(length, '\0'), TableIo::kMmap).status().is(Code::kCorrupt));
    EXPECT_TRUE(open_bytes(std::string(length, '\xff'), TableIo::kPread).status().is(Code::kCorrupt));
  }
}

// The sentence with which a file is refused, by opening or by the first touch of its first entry.
std::string first_refusal(const std::string& bytes) {
  auto table = open_bytes(bytes, TableIo::kPread);
  if (!table.ok()) {
    EXPECT_TRUE(table.status().is(Code::kCorrupt));
    return std::string(table.status().message());
  }
  auto iterator = table.value()->new_iterator(false);
  iterator->seek_to_first();
  EXPECT_TRUE(iterator->status().ok() || iterator->status().is(Code::kCorrupt));
  return std::string(iterator->status().message());
}

TEST(TableDamage, FooterThatContradictsItselfOrTheFileIsRefused) {
  const std::string bytes = build_table(small_model());
  const auto refusal_after = [&bytes](const std::function<void(Footer*)>& change) {
    TableSurgeon surgeon(bytes);
    change(&surgeon.footer());
    return first_refusal(surgeon.seal());
  };
  const std::function<void(Footer*)> changes[] = {
      [](Footer* f) { f->file_bytes += 1; },
      [](Footer* f) { f->stored_bytes += 1; },
      [](Footer* f) { f->stored_bytes = UINT64_MAX; },
      [](Footer* f) { f->entries_bytes += 64; },
      [](Footer* f) { f->entries_bytes = 0; },
      [](Footer* f) { f->entries_bytes = uint64_t{1} << 32; },
      [](Footer* f) { f->entry_count = 0; },
      [](Footer* f) { f->entry_count = f->entries_bytes + 1; },
      [](Footer* f) { f->tombstone_count = f->entry_count + 1; },
      [](Footer* f) { f->expiring_count = f->entry_count; },
      [](Footer* f) { f->expiry_median_ms = f->expiring_count == 0 ? 1 : 0; },
      [](Footer* f) { f->key_value_bytes = f->entries_bytes + 1; },
      [](Footer* f) { f->group_count = 0; },
      [](Footer* f) { f->group_count = 6; },
      [](Footer* f) { f->bucket_count = 0; },
      [](Footer* f) { f->bucket_count += 1; },
      [](Footer* f) { f->namespace_count = 0; },
      [](Footer* f) { f->namespace_count = 1; },
      [](Footer* f) { f->properties_bytes += 1; },
      [](Footer* f) { f->properties_bytes -= 1; },
      [](Footer* f) { f->seq_width = 9; },
      [](Footer* f) { f->seq_base = f->seq_min + 1; },
      [](Footer* f) { f->seq_min = f->seq_max + 1; },
      [](Footer* f) { f->seq_max = kSeqMax.value + 1; },
  };
  int number = 0;
  for (const auto& change : changes) {
    EXPECT_EQ(refusal_after(change), "the footer's fields contradict each other or the file's size") << "change " << number;
    ++number;
  }
  EXPECT_EQ(refusal_after([](Footer*) {}), "");
}

TEST(TableDamage, DirectoryThatContradictsTheFooterIsRefused) {
  Model model;
  for (int i = 0; i < 3000; ++i) model[{1, std::to_string(10000 + i)}] = {std::string(30, 'v'), 1, EntryKind::kPut, kNeverExpires};
  for (Compression compression : built_in_compressions()) {
    std::string bytes = build_table(model, compression);
    TableSurgeon surgeon(bytes);
    EXPECT_EQ(first_refusal(surgeon.seal()), "");
    bytes[surgeon.layout().directory_offset] ^= 1;
    EXPECT_EQ(first_refusal(bytes), "the chunk directory's checksum is wrong");
    if (compression == Compression::kNone) continue;
    uint8_t* const length = surgeon.at(surgeon.layout().directory_offset + 4);
    const uint32_t right = load_u32(length);
    for (uint32_t wrong : {uint32_t{0}, right - 1, right + 1, 1u << kPackedChunkShift, (1u << kPackedChunkShift) + 1, UINT32_MAX}) {
      store(length, wrong);
      EXPECT_EQ(first_refusal(surgeon.seal()), "the chunk directory contradicts the footer") << wrong;
    }
    // One chunk is too long for its content and takes the bytes from the next one: the sum is right.
    uint8_t* const next_length = length + kPackedSlotBytes;
    const uint32_t taken = load_u32(next_length);
    store(length, right + taken);
    store(next_length, 0u);
    EXPECT_EQ(first_refusal(surgeon.seal()), "the chunk directory contradicts the footer");
  }
}

// Does all that a reader can do. Right answers are not asked for; an end is, without a crash, and known codes.
void exercise(const std::string& bytes, const Model& model, TableIo io) {
  const auto table = open_bytes(bytes, io);
  if (!table.ok()) {
    ASSERT_TRUE(table.status().is(Code::kCorrupt));
    return;
  }
  const auto is_known = [](const Status& status) { return status.ok() || status.is(Code::kNotFound) || status.is(Code::kCorrupt); };
  for (const auto& [key, value] : model) {
    Entry entry;
    const uint64_t hash = hash_key(kTestHashSeed, key.internal());
    (*table)->prefetch(hash);
    (*table)->prefetch_entry(hash);
    const Status status = (*table)->find(key.internal(), hash, &entry);
    ASSERT_TRUE(is_known(status));
    ASSERT_TRUE(!status.ok() || entry.key == key.internal());
    auto iterator = (*table)->new_iterator(false);
    iterator->seek(key.internal());
    for (int i = 0; i < 20 && iterator->valid(); ++i) i < 8 ? iterator->prev() : iterator->next();
    ASSERT_TRUE(is_known(iterator->status()));
  }
  size_t entry_count = 0;
  auto iterator = (*table)->new_iterator(true);
  for (iterator->seek_to_first(); iterator->valid(); iterator->next()) ASSERT_LE(++entry_count, bytes.size() * 64);
  ASSERT_TRUE(is_known(iterator->status()));
  entry_count = 0;
  iterator = (*table)->new_iterator(false);
  for (iterator->seek_to_last(); iterator->valid(); iterator->prev()) ASSERT_LE(++entry_count, bytes.size() * 64);
  ASSERT_TRUE(is_known(iterator->status()));
  ASSERT_TRUE(is_known((*table)->verify(kTestHashSeed)));
}

void damage_counts(TableSurgeon* surgeon, std::mt19937_64& random) {
  Footer& footer = surgeon->footer();
  const uint64_t value = random() % 3 == 0 ? random() : random() % 3 == 0 ? random() % 300 : uint64_t{1} << random() % 64;
  uint64_t* const wide[] = {&footer.file_bytes,  &footer.stored_bytes,    &footer.entries_bytes,
                            &footer.entry_count, &footer.tombstone_count, &footer.key_value_bytes,
                            &footer.seq_base,    &footer.seq_min,         &footer.seq_max};
  uint32_t* const narrow[] = {&footer.group_count, &footer.bucket_count, &footer.namespace_count, &footer.properties_bytes};
  switch (random() % 4) {
    case 0:
      *wide[random() % std::size(wide)] = value;
      break;
    case 1:
      *narrow[random() % std::size(narrow)] = static_cast<uint32_t>(value);
      break;
    case 2:
      footer.seq_width = static_cast<uint8_t>(random() % 12);
      break;
    default:  // keeps the layout's size: what one section loses another one gets
      footer.group_count -= 16;
      footer.bucket_count += 3;
      break;
  }
}

TEST(TableDamage, DamageWithRightChecksumsNeverCrashes) {
  for (uint64_t seed = 0; seed < 12; ++seed) {
    std::mt19937_64 random(seed);
    const Model model = random_model(seed, 1 + random() % 120, 12, 40);
    for (Compression compression : built_in_compressions()) {
      const std::string bytes = build_table(model, compression);
      for (int round = 0; round < 300; ++round) {
        SCOPED_TRACE("seed " + std::to_string(seed) + " round " + std::to_string(round));
        TableSurgeon surgeon(bytes);
        const uint64_t damage_count = 1 + random() % 6;
        for (uint64_t i = 0; i < damage_count; ++i) {
          const uint64_t offset = random() % (surgeon.size() - kFooterBytes);
          *surgeon.at(offset) = static_cast<uint8_t>(random() % 2 == 0 ? random() : *surgeon.at(offset) ^ 1u << random() % 8);
        }
        if (random() % 8 == 0) damage_counts(&surgeon, random);
        exercise(surgeon.seal(), model, kBothIo[random() % 2]);
        if (HasFatalFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace firn
