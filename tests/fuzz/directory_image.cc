#include "fuzz/directory_image.h"

#include <algorithm>
#include <cstdlib>

#include "crashfs/crash_fs.h"
#include "db/backup.h"
#include "db/db.h"
#include "durable_log/durable_log.h"
#include "env/thread_mark.h"
#include "fuzz/checksum_repair.h"

namespace firn {
namespace {

constexpr size_t kPieceBytesMax = 64;
constexpr size_t kFileBytesMax = size_t{1} << 20;

DbOptions database_options(bool is_compressed) {
  DbOptions options;
  options.single_threaded = true;
  options.memtable_bytes = 4096;
  options.changes_retention_bytes = uint64_t{1} << 20;
  if (is_compressed && compression_is_built_in(Compression::kLz4)) options.compression = Compression::kLz4;
  return options;
}

void put(Db& db, uint32_t ns, int number, size_t value_bytes, int64_t expiry_ms = kNeverExpires) {
  const std::string key = "key" + std::to_string(100 + number);
  const std::string value(value_bytes, static_cast<char>('a' + number % 26));
  const Operation operation = make_put(ns, Slice(key), Slice(value), expiry_ms);
  FIRN_DEMAND(db.write(&operation, 1, {}).ok());
}

void fill(Db& db) {
  const uint32_t side = *db.ns_open(Slice(std::string_view("side")), false);
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < 24; i++)
      put(db, i % 3 == 0 ? side : 0, i * (round + 1) % 40, static_cast<size_t>(i) * 2, i % 5 == 0 ? INT64_C(1) << 50 : kNeverExpires);
    Operation remove;
    remove.kind = EntryKind::kDelete;
    remove.key = Slice(std::string_view("key107"));
    FIRN_DEMAND(db.write(&remove, 1, {}).ok());
    FIRN_DEMAND(db.flush().ok());
  }
  FIRN_DEMAND(db.ns_clear(side).ok());
}

void back_up(Db& db) {
  auto job = db.begin_backup(kFuzzBackups);
  FIRN_DEMAND(job.ok());
  for (bool goes_on = true; goes_on;) goes_on = *(*job)->step(UINT64_MAX);
  FIRN_DEMAND((*job)->finish().ok());
}

DiskImage make_database(bool is_compressed) {
  CrashFs fs;
  auto db = std::move(*Db::open(kFuzzDatabase, database_options(is_compressed), fs));
  {
    const ThreadMark mark;
    fill(*db);
    back_up(*db);
    for (int i = 0; i < 8; i++) put(*db, 0, i, 20);
    back_up(*db);
    FIRN_DEMAND(db->sync().ok());
    for (int i = 4; i < 8; i++) put(*db, 0, i, 10);
  }
  return fs.live();  // of a process that was killed
}

DiskImage make_log() {
  CrashFs fs;
  LogOptions options;
  options.single_threaded = true;
  options.segment_bytes = 4096;
  auto log = std::move(*DurableLog::open(kFuzzLog, options, fs));
  const ThreadMark mark;
  for (size_t i = 0; i < 40; i++) {
    const std::string record(i * 7 % 300, static_cast<char>('a' + i % 26));
    const Slice batch[] = {Slice(record), Slice(std::string_view("x")), Slice()};
    FIRN_DEMAND(log->append(batch, i % 4 == 0 ? 3 : 1).ok());
    if (i == 25) FIRN_DEMAND(log->trim_before(9).ok());
    if (i == 30) FIRN_DEMAND(log->trim_after(log->next() - 4).ok());
  }
  return fs.live();
}

// One change of the bytes of a file.
void damage(FuzzInput& input, const DiskImage& image, std::string* file) {
  const uint8_t how = input.byte();
  const size_t at = std::min<size_t>(input.u16(), file->size());
  switch (how % 8) {
    case 0:
      file->resize(at);
      return;
    case 1:
      file->insert(at, input.piece(kPieceBytesMax));
      return;
    case 2:  // a number of 4 or 8 bytes where there is one
      for (uint64_t number = uint64_t{input.u32()} << (how >= 128 ? 32 : 0), i = 0; i < 8 && at + i < file->size(); i++)
        (*file)[at + i] = static_cast<char>(number >> 8 * i);
      return;
    case 3: {
      auto other = image.files.begin();
      std::advance(other, input.byte() % image.files.size());
      *file = other->second->bytes;
      return;
    }
    case 4:  // zeros up to the end
      std::fill(file->begin() + static_cast<std::ptrdiff_t>(at), file->end(), '\0');
      return;
    case 5:
      if (file->size() < kFileBytesMax) file->append(at, static_cast<char>(input.byte()));
      return;
    default: {
      // Also counted from the end: there lies a table's footer.
      const std::string piece = input.piece(kPieceBytesMax);
      const size_t begin = how % 8 == 6 ? at : file->size() - at;
      const size_t bytes = std::min(piece.size(), file->size() - begin);
      file->replace(begin, bytes, piece, 0, bytes);
    }
  }
}

}  // namespace

const DiskImage& database_image(bool is_compressed) {
  static const DiskImage plain = make_database(false);
  static const DiskImage compressed = make_database(true);
  return is_compressed ? compressed : plain;
}

const DiskImage& log_image() {
  static const DiskImage image = make_log();
  return image;
}

DiskImage image_of(const std::string& directory, const std::string& name, std::string bytes) {
  DiskImage image;
  image.directories.insert(directory);
  image.files[directory + "/" + name] = std::make_shared<const Content>(std::move(bytes));
  return image;
}

uint64_t bytes_of(const DiskImage& image) {
  uint64_t bytes = 0;
  for (const auto& [path, content] : image.files) bytes += content->bytes.size();
  return bytes;
}

DiskImage damaged(const DiskImage& image, FuzzInput& input, bool repairs) {
  DiskImage result = image;
  while (!input.empty() && !result.files.empty()) {
    auto file = result.files.begin();
    std::advance(file, input.byte() % result.files.size());
    if (input.byte() % 16 == 15) {
      result.files.erase(file);
      continue;
    }
    std::string bytes = file->second->bytes;
    damage(input, image, &bytes);
    if (repairs) repair_file(file->first, &bytes);
    file->second = std::make_shared<const Content>(std::move(bytes));
  }
  return result;
}

}  // namespace firn
