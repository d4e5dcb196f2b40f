// A table of any bytes is opened, read both ways and in batches, asked for keys, verified and salvaged. The first byte says how it is read and whether its checksums are
// made right first.
#include "base/hash.h"
#include "crashfs/crash_fs.h"
#include "fuzz/checksum_repair.h"
#include "fuzz/directory_image.h"
#include "lsm/version.h"
#include "table/table_salvager.h"

namespace {

using namespace firn;

constexpr uint64_t kHashSeed = 1;
constexpr int kSteps = 1000;

void read(const Table& table) {
  (void)table.verify(kHashSeed).ok();
  (void)table.verify_stored().ok();
  const auto iterator = table.new_iterator(false);
  iterator->seek_to_first();
  for (int i = 0; i < kSteps && iterator->valid(); i++) iterator->next();
  const auto backwards = table.new_iterator(true);
  backwards->seek_to_last();
  for (int i = 0; i < kSteps && backwards->valid(); i++) backwards->prev();
  const auto batches = table.new_iterator(false);
  Entry copies[7];
  batches->seek(table.properties().smallest());
  for (int i = 0; i < kSteps && batches->valid(); i++) batches->advance(copies, 7);
  for (const char* user : {"key1", "key15", "", "z"}) {
    for (Prefix prefix : {0u, 1u, 2u}) {
      const InternalKey key{prefix, Slice(std::string_view(user))};
      Entry entry;
      (void)table.find(key, hash_key(kHashSeed, key), &entry).ok();
      const auto hashed = table.new_iterator(false);
      hashed->begin_seek(key, hash_key(kHashSeed, key));
      hashed->end_seek();
      for (int i = 0; i < 20 && hashed->valid(); i++) hashed->next();
      (void)table.part_below(key).ok();
    }
  }
}

}  // namespace

FIRN_FUZZ_TARGET(table)(FuzzInput& input) {
  const uint8_t flags = input.byte();
  std::string bytes = input.rest();
  if ((flags & 2) != 0) repair_table(&bytes);
  CrashFs fs(image_of("/t", table_name(1), std::move(bytes)));
  const auto directory = std::move(*fs.open_directory("/t", false));
  const auto table = open_table(*directory, {7, 1}, (flags & 1) == 0 ? TableIo::kMmap : TableIo::kPread);
  if (table.ok()) read(*(*table)->table);
  const auto file = std::move(*directory->open_file(table_name(1), OpenMode::kRead));
  const auto salvager = TableSalvager::open(*file, 0);
  if (!salvager.ok()) return;
  (*salvager)->seek_to_first();
  for (int i = 0; i < kSteps && (*salvager)->valid(); i++) (*salvager)->next();
}
