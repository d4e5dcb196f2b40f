// A whole table whose filter (the hash index), fences or namespace directory are overwritten, with right checksums. What is found is what was stored; and where the verifier finds
// nothing wrong, every key is found and scans both ways tell all of them.
#include <map>
#include <vector>

#include "base/hash.h"
#include "crashfs/crash_fs.h"
#include "fuzz/checksum_repair.h"
#include "fuzz/directory_image.h"
#include "lsm/version.h"
#include "table/hash_index.h"
#include "table/table_builder.h"

namespace {

using namespace firn;

constexpr uint64_t kHashSeed = 1;
constexpr TableIdentity kIdentity{7, 1};
constexpr int kStepsMax = 1000;

using Content = std::map<std::pair<Prefix, std::string>, std::string>;

const Content& content() {
  static const Content entries = [] {
    Content made;
    for (int i = 0; i < 300; i++)
      made[{i < 200 ? 1u : i < 280 ? 2u : 9u, "key" + std::to_string(1000 + i)}] = std::string(static_cast<size_t>(i % 50), 'v');
    return made;
  }();
  return entries;
}

std::string make_table() {
  CrashFs fs;
  const auto directory = std::move(*fs.open_directory("/t", true));
  const auto file = std::move(*directory->open_file(table_name(1), OpenMode::kCreate));
  TableBuilderOptions options;
  options.identity = kIdentity;
  options.seq_lower = Seq{1};
  options.seq_upper = Seq{1};
  const auto builder = TableBuilder::create(file.get(), options);
  for (const auto& [key, value] : content()) {
    Entry entry;
    entry.key = {key.first, Slice(std::string_view(key.second))};
    entry.value = Slice(std::string_view(value));
    entry.seq = Seq{1};
    FIRN_DEMAND(builder->add(entry, hash_key(kHashSeed, entry.key)).ok());
  }
  FIRN_DEMAND(builder->finish().ok());
  return fs.live().files.begin()->second->bytes;
}

// Overwrites a piece of one of the sections, as often as the input says; a second byte that is odd moves the piece to a word.
std::string overwritten(FuzzInput& input) {
  static const std::string whole = make_table();
  std::string bytes = whole;
  const auto footer = decode_footer(Slice(std::string_view(bytes)), bytes.size(), kIdentity, "t");
  FIRN_DEMAND(footer.ok() && footer->compression == Compression::kNone);
  const Layout where(*footer);
  const uint64_t bounds[] = {where.heads_offset, where.offsets_offset, where.index_offset, where.namespaces_offset, where.body_bytes};
  while (!input.empty()) {
    const uint8_t how = input.byte();
    const uint64_t begin = bounds[how % 4];
    const uint64_t bytes_there = bounds[how % 4 + 1] - begin;
    const uint64_t at = input.u16() % bytes_there / (how < 128 ? 1 : 4) * (how < 128 ? 1 : 4);
    const std::string piece = input.piece(64);
    bytes.replace(begin + at, std::min<uint64_t>(piece.size(), bytes_there - at), piece, 0,
                  std::min<uint64_t>(piece.size(), bytes_there - at));
  }
  for (uint64_t at = where.index_offset; at + kBucketBytes <= where.namespaces_offset; at += kBucketBytes) {
    const auto* const bucket = reinterpret_cast<const uint8_t*>(bytes.data()) + at;
    for (int i = 0; i < 12; i++) FIRN_DEMAND((match_fingerprints(bucket, bucket[i]) == (match_portable(bucket, bucket[i]) & 0xfff)));
  }
  repair_table(&bytes);
  return bytes;
}

void look_up(const Table& table, bool is_right) {
  for (const auto& [key, value] : content()) {
    for (const bool is_there : {true, false}) {
      const std::string user = is_there ? key.second : key.second + "?";
      const InternalKey wanted{key.first, Slice(std::string_view(user))};
      Entry entry;
      const Status found = table.find(wanted, hash_key(kHashSeed, wanted), &entry);
      if (found.ok()) FIRN_DEMAND(is_there && entry.key == wanted && entry.value == Slice(std::string_view(value)));
      if (is_right) FIRN_DEMAND(found.ok() == is_there);
      (void)table.part_below(wanted).ok();
    }
  }
}

void scan(const Table& table, bool is_right) {
  const auto iterator = table.new_iterator(false);
  auto expected = content().begin();
  iterator->seek_to_first();
  for (int i = 0; i < kStepsMax && iterator->valid(); i++, iterator->next()) {
    if (!is_right) continue;
    FIRN_DEMAND(expected != content().end() && iterator->entry().key.user == Slice(std::string_view(expected->first.second)));
    ++expected;
  }
  if (is_right) FIRN_DEMAND(iterator->status().ok() && expected == content().end());
  iterator->seek_to_last();
  for (int i = 0; i < kStepsMax && iterator->valid(); i++, iterator->prev()) {
    if (is_right) FIRN_DEMAND(iterator->entry().key.user == Slice(std::string_view((--expected)->first.second)));
  }
  if (is_right) FIRN_DEMAND(iterator->status().ok() && expected == content().begin());
  for (const auto& [key, value] : content()) {
    const InternalKey wanted{key.first, Slice(std::string_view(key.second))};
    iterator->seek(wanted);
    if (is_right) FIRN_DEMAND(iterator->valid() && iterator->entry().key == wanted);
  }
}

}  // namespace

FIRN_FUZZ_TARGET(table_sections)(FuzzInput& input) {
  const TableIo io = input.byte() % 2 == 0 ? TableIo::kMmap : TableIo::kPread;
  std::string bytes = overwritten(input);
  input.also_reads(bytes.size());
  CrashFs fs(image_of("/t", table_name(1), std::move(bytes)));
  const auto directory = std::move(*fs.open_directory("/t", false));
  const auto table = open_table(*directory, kIdentity, io);
  if (!table.ok()) return;
  const Table& opened = *(*table)->table;
  const bool is_right = opened.verify(kHashSeed).ok();
  look_up(opened, is_right);
  scan(opened, is_right);
}
