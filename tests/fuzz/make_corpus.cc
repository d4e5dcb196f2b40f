// make_corpus FOLDER: writes the committed corpus anew, FOLDER/<target>/<name>, out of files that the engine makes. Run it when a format changes; what the fuzzers have found
// ("found_...") stays.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/hash.h"
#include "crashfs/crash_fs.h"
#include "fuzz/directory_image.h"
#include "log/log.h"
#include "log/record.h"
#include "lsm/manifest_state.h"
#include "lsm/version.h"
#include "table/compression.h"
#include "table/table_builder.h"

namespace {

using namespace firn;

class Corpus {
 public:
  explicit Corpus(std::filesystem::path folder) : folder_(std::move(folder)) {}
  void save(const std::string& target, const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories(folder_ / target);
    std::ofstream(folder_ / target / name, std::ios::binary) << bytes;
  }

 private:
  std::filesystem::path folder_;
};

std::string flagged(int flags, const std::string& bytes) { return std::string(1, static_cast<char>(flags)) + bytes; }
// As FuzzInput::piece(max) reads it, for max below 256.
std::string piece(const std::string& bytes) { return std::string(1, static_cast<char>(bytes.size())) + bytes; }
std::string u16(size_t value) { return {static_cast<char>(value), static_cast<char>(value >> 8)}; }
std::string u32(size_t value) { return u16(value) + u16(value >> 16); }

std::string table_bytes(Compression compression) {
  CrashFs fs;
  const auto directory = std::move(*fs.open_directory("/t", true));
  const auto file = std::move(*directory->open_file(table_name(1), OpenMode::kCreate));
  TableBuilderOptions options;
  options.identity = {7, 1};
  options.compression = compression;
  options.seq_lower = Seq{1};
  options.seq_upper = Seq{100};
  const auto builder = TableBuilder::create(file.get(), options);
  for (int i = 0; i < 40; i++) {
    const std::string key = "key" + std::to_string(10 + i);
    const std::string value(static_cast<size_t>(i * 3), 'v');
    Entry entry;
    entry.key = {i < 25 ? 1u : 2u, Slice(key)};
    entry.value = Slice(value);
    entry.seq = Seq{static_cast<uint64_t>(i) + 1};
    if (i % 7 == 3) {
      entry.kind = EntryKind::kDelete;
      entry.value = Slice();
    } else if (i % 7 == 5) {
      entry.kind = EntryKind::kPutExpiring;
      entry.expiry_ms = 1'700'000'000'000 + i;
    }
    FIRN_DEMAND(builder->add(entry, hash_key(1, entry.key)).ok());
  }
  FIRN_DEMAND(builder->finish().ok());
  return fs.live().files.begin()->second->bytes;
}

// Segments 1 and 2 of a log.
std::vector<std::string> segment_bytes() {
  CrashFs fs;
  Log log(std::move(*fs.open_directory("/log", true)), 7, SegmentIo::kPwrite, fs);
  log.continue_at(1, 0, 0);
  for (int segment = 0; segment < 2; segment++) {
    FIRN_DEMAND(log.activate(std::move(*log.prepare(4096))).ok());
    for (int i = 0; i < 3; i++) {
      uint64_t offset = 0;
      auto place = log.reserve(40, &offset);
      FIRN_DEMAND(place.ok());
      std::fill_n(*place, 40, static_cast<uint8_t>('a' + i));
      FIRN_DEMAND(log.append(40).ok() && (i == 2 || log.sync().ok()));
    }
  }
  std::vector<std::string> files;
  for (const auto& [path, content] : fs.live().files) files.push_back(content->bytes);
  return files;
}

void save_tables(const Corpus& corpus) {
  const std::string plain = table_bytes(Compression::kNone);
  corpus.save("table", "mapped", flagged(0, plain));
  corpus.save("table", "read_by_calls_repaired", flagged(3, plain));
  for (Compression compression : {Compression::kLz4, Compression::kZstd}) {
    if (!compression_is_built_in(compression)) continue;
    const std::string bytes = table_bytes(compression);
    corpus.save("table", compression == Compression::kLz4 ? "lz4" : "zstd", flagged(3, bytes));
    const std::string text(900, 'x');
    std::string packed(text.size(), '\0');
    packed.resize(Compressor(compression).compress(Slice(text), reinterpret_cast<uint8_t*>(packed.data())));
    corpus.save("compression", compression == Compression::kLz4 ? "lz4" : "zstd",
                flagged(static_cast<int>(compression) - 1, u16(text.size()) + packed));
  }
}

void save_logs(const Corpus& corpus) {
  const auto segments = segment_bytes();
  corpus.save("log_segment", "mapped", flagged(2, segments[0]));
  corpus.save("log_segment", "read_by_calls", flagged(1, segments[0]));
  corpus.save("log_segment", "two", flagged(6, segments[0] + segments[1]));
  corpus.save("canary", "piece", "ffff");
  for (const auto& [path, content] : log_image().files) {
    if (path.find("/state-") == std::string::npos) continue;
    corpus.save("log_state", "as_it_was", flagged(0, content->bytes));
    corpus.save("log_state", "repaired", flagged(1, content->bytes));
  }
}

void save_manifests(const Corpus& corpus) {
  ManifestState state;
  state.db_id = 7;
  state.tables = {{1, 1, 500}, {1, 2, 600}};
  state.wal_segments = {3, 4};
  state.retained = {{1, Seq{1}, Seq{9}, 900, 1000}, {2, Seq{10}, Seq{19}, 900, 2000}};
  ManifestEdit edit;
  edit.remove_table(1);
  edit.add_wal_segment(5);
  edit.forget_segments(2);
  const std::string snapshot = state.snapshot().bytes();
  FIRN_DEMAND(snapshot.size() <= 255);
  corpus.save("manifest", "snapshot", piece(snapshot));
  ManifestState small;
  small.db_id = 7;
  small.tables = {{1, 1, 500}};
  corpus.save("manifest", "snapshot_and_edit", piece(small.snapshot().bytes()) + piece(edit.bytes()));
}

// Damage to directories, as damaged() reads it: file, 0 (it is not removed), how, offset, what.
void save_damage(const Corpus& corpus) {
  const auto number_of = [](const DiskImage& image, const std::string& part) {
    char number = 0;
    for (const auto& [path, content] : image.files) {
      if (path.find(part) != std::string::npos) return std::string(1, number);
      number++;
    }
    return std::string(1, '\0');
  };
  const std::string zero(1, '\0');
  for (const char* part : {"/db/manifest/", "/db/tables/", "/db/wal/", "/backups/"}) {
    const std::string file = number_of(database_image(false), part);
    const std::string name = std::string(part).substr(part[1] == 'd' ? 4 : 1);
    const std::string head = std::string(1, '\x10') + '\x0f';
    corpus.save("database", name.substr(0, name.size() - 1) + "_number", head + file + zero + '\x02' + u16(160) + u32(1000));
    corpus.save("database", name.substr(0, name.size() - 1) + "_from_the_end",
                '\x31' + std::string(1, '\x0f') + file + zero + '\x07' + u16(100) + piece("\xff\xff\xff"));
    corpus.save("database", name.substr(0, name.size() - 1) + "_cut", std::string(1, '\x06') + '\x02' + file + zero + zero + u16(300));
  }
  for (const char* part : {"/log/state-", "/log/segments/"}) {
    const std::string file = number_of(log_image(), part);
    const std::string name = part[5] == 's' && part[6] == 't' ? "state" : "segment";
    corpus.save("durable_log", name + "_number", '\x10' + file + zero + '\x02' + u16(64) + u32(7));
    corpus.save("durable_log", name + "_piece", '\x14' + file + zero + '\x06' + u16(170) + piece("\x09\x01\x00"));
    corpus.save("durable_log", name + "_cut", '\x01' + file + zero + zero + u16(100));
  }
}

// Damage that found bugs of the engine, as damaged() reads it: bytes that a file is overwritten with, checksums made right.
struct Forgery {
  Forgery(const DiskImage& image, size_t file)
      : number_(1, static_cast<char>(file)),
        path_(std::next(image.files.begin(), static_cast<std::ptrdiff_t>(file))->first),
        bytes_(std::next(image.files.begin(), static_cast<std::ptrdiff_t>(file))->second->bytes) {}
  bool is_in(const char* folder) const { return path_.find(folder) != std::string::npos; }
  const std::string& bytes() const { return bytes_; }
  uint64_t u64_at(size_t offset) const { return load_u64(reinterpret_cast<const uint8_t*>(bytes_.data()) + offset); }
  std::string with(size_t offset, const std::string& bytes) const { return number_ + '\0' + '\x06' + u16(offset) + piece(bytes); }

 private:
  std::string number_;
  std::string path_;
  std::string bytes_;
};

// A field of the manifest that says which segment is retained; npos: there is none behind `from`.
size_t find_retained(const Forgery& manifest, size_t from) {
  constexpr char kRetainSegment = 11;
  constexpr uint64_t kSmall = 10000;
  for (size_t i = from; i + 41 <= manifest.bytes().size(); i++) {
    if (manifest.bytes()[i] != kRetainSegment || manifest.u64_at(i + 1) - 1 >= kSmall || manifest.u64_at(i + 9) - 1 >= kSmall) continue;
    if (manifest.u64_at(i + 17) - 1 < kSmall && manifest.u64_at(i + 25) - 1 < kSmall) return i;
  }
  return std::string::npos;
}

void save_forged_databases(const Corpus& corpus) {
  const DiskImage& image = database_image(false);
  const std::string head = {'\x18', '\x08'};  // checksums made right, verified while it opens; checked
  const size_t first_entry = kSegmentHeaderBytes + kRecordHeaderBytes;
  bool has_manifest = false;
  bool has_segment = false;
  for (size_t i = 0; i < image.files.size(); i++) {
    const Forgery file(image, i);
    if (const size_t retained = find_retained(file, 0); file.is_in("/db/manifest/") && retained != std::string::npos) {
      corpus.save("database", "forged_retained_beyond_its_segment", head + file.with(retained + 25, u32(1 << 20)));
      has_manifest = true;
    }
    const size_t name = file.bytes().find("nside");
    if (!file.is_in("/db/wal/") || name == std::string::npos || has_segment) continue;
    corpus.save("database", "forged_record_without_a_commit", head + file.with(kSegmentHeaderBytes + 4, u32(1)));
    corpus.save("database", "forged_entry_longer_than_its_record", head + file.with(first_entry + 16, u32(1 << 29)));
    corpus.save("database", "forged_namespace_without_a_name", head + file.with(name, "x"));
    corpus.save("database", "forged_namespace_of_half_a_value", head + file.with(name - 8, u32(4)));
    has_segment = true;
  }
  FIRN_DEMAND(has_manifest && has_segment);
}

void save_forged_logs(const Corpus& corpus) {
  constexpr size_t kFirstOffset = 32;
  constexpr size_t kPartsOffset = 64;
  constexpr size_t kPartBytes = 48;
  const DiskImage& image = log_image();
  for (size_t i = 0; i < image.files.size(); i++) {
    const Forgery state(image, i);
    if (!state.is_in("/log/state-")) continue;
    FIRN_DEMAND(state.bytes().size() >= kPartsOffset + 3 * kPartBytes);
    const auto save = [&](const char* name, size_t offset, uint64_t number) {
      corpus.save("durable_log", name, '\x10' + state.with(offset, u32(number) + u32(number >> 32)));
    };
    save("forged_parts_overlap", kPartsOffset + kPartBytes + 8, 0);
    save("forged_parts_overlap_far", kPartsOffset + 8, 35);
    save("forged_records_that_no_segment_holds", kFirstOffset, 0);
    save("forged_part_ends_beyond_all_indexes", kPartsOffset + 16, UINT64_MAX - 1);
    // Appended to, it gave indexes that it did not find.
    save("forged_last_part_is_cut_before_it_begins", kPartsOffset + 2 * kPartBytes + 16, 20);
  }
}

// An operation of a packed batch, as firn.h lays it out.
std::string operation(uint32_t op, const std::string& key, const std::string& value, uint64_t argument) {
  return u32(op) + u32(0) + u32(key.size()) + u32(value.size()) + u32(argument) + u32(argument >> 32) + key + value;
}
// The catalog of namespaces, as the target reads its entries; what it does then is the first byte.
void save_catalogs(const Corpus& corpus) {
  const auto entry = [](const std::string& key, const std::string& value) { return piece(key) + piece(value); };
  const std::string side = entry("nside", u32(1) + u32(2));
  corpus.save("namespace_catalog", "created", '\0' + entry("c", u32(3) + u32(5)) + side + entry("nother", u32(2) + u32(4)));
  corpus.save("namespace_catalog", "cleared", '\1' + entry("c", u32(2) + u32(5)) + entry("d", u32(4)) + side);
  corpus.save("namespace_catalog", "dropped", '\2' + entry("c", u32(3) + u32(5)) + side + entry("p" + u32(3), u32(2) + u32(9) + u32(0)));
  corpus.save("namespace_catalog", "adopted", '\3' + entry("c", u32(2) + u32(3)) + side);
  // Took 400 MB while the catalog was dense by id.
  constexpr uint32_t kIdMax = 1u << 24;
  corpus.save("namespace_catalog", "forged_high_id", '\0' + entry("c", u32(kIdMax - 1) + u32(5)) + entry("nfar", u32(kIdMax - 2) + u32(4)));
  corpus.save("namespace_catalog", "forged_next_id_of_the_default", '\0' + entry("c", u32(0) + u32(5)));
  corpus.save("namespace_catalog", "forged_last_prefix", '\1' + entry("c", u32(2) + u32(UINT32_MAX)) + side);
  corpus.save("namespace_catalog", "forged_prefix_of_two", '\3' + entry("c", u32(3) + u32(5)) + side + entry("nother", u32(2) + u32(2)));
  corpus.save("namespace_catalog", "forged_id_named_twice", '\2' + entry("c", u32(2) + u32(5)) + side + entry("ntwice", u32(1) + u32(4)));
}

void save_codecs(const Corpus& corpus) {
  const auto entry = [](const std::string& width, const std::string& header, const std::string& content) {
    return width + header + content;
  };
  const std::string seven(7, '\0');
  corpus.save("entry_codec", "put", entry("\2", std::string({'\x0c', '\2', '\1', '\0'}), "keyvv"));
  corpus.save("entry_codec", "expiring", entry(std::string(1, '\0'), std::string({'\x0e', '\x81', '\0', '\1'}) + seven, "keyv"));
  corpus.save("entry_codec", "delete", entry("\x08", std::string({'\x0d', '\0', '\1'}) + seven, "key"));
  corpus.save("entry_codec", "varints",
              std::string(1, '\0') + std::string("\xff\xff\xff\xff\x0f\xff\xff\xff\xff\x10\x80\x80\x80\x80\x80\x80\x01"));
  corpus.save("entry_codec", "log_entry", std::string(1, '\0') + u32(1) + u32(0) + u32(0) + u32(3) + u32(1) + u32(1) + "keyv");
  // What a key has of the one before, the byte of its prefix, the rest.
  const auto key = [](int shared, char prefix, const std::string& rest) {
    return std::string({static_cast<char>(shared * 4 + 3), prefix}) + piece(rest);
  };
  corpus.save("key_order", "near",
              key(0, '\1', "abcde") + key(4, '\1', "fgh") + key(2, '\1', "") + key(0, '\2', "zz") + key(0, '\xff', "abcdefghijkl"));
  corpus.save("key_order", "zeros",
              key(0, '\1', "") + key(0, '\1', std::string(1, '\0')) + key(0, '\1', std::string(2, '\0')) + key(0, '\1', seven + seven));
  corpus.save("table_sections", "heads", '\0' + std::string(1, '\0') + u16(9) + piece("\xff"));
  corpus.save("table_sections", "offsets", '\1' + std::string("\x81") + u16(8) + piece(u32(5)));
  corpus.save("table_sections", "filter", '\0' + std::string(1, '\2') + u16(76) + piece("\x0d"));
  corpus.save("table_sections", "filter_places", '\1' + std::string("\x82") + u16(64 + 16) + piece(u32(100)));
  corpus.save("table_sections", "filter_spills", '\0' + std::string(1, '\2') + u16(64 + 12) + piece("\x0c\xff\xff\xff"));
  corpus.save("table_sections", "namespaces", '\0' + std::string("\x83") + u16(12) + piece(u32(3) + u32(9)));
}

std::string long_piece(const std::string& bytes) { return u16(bytes.size()) + bytes; }

void save_calls(const Corpus& corpus) {
  std::string calls;
  for (int i = 0; i < 12; i++) calls += '\0' + piece("key" + std::to_string(i % 5)) + piece(std::string(static_cast<size_t>(i) * 15, 'v'));
  for (char action : {'\x07', '\x05'}) calls += action + piece("");
  calls += '\x02' + piece("key1");
  calls += '\x04' + piece("key2") + piece("key4");
  for (char action : {'\x06', '\x03', '\x07'}) calls += action + piece("key0");
  corpus.save("calls", "everything", calls);

  std::string batch = operation(1, "key", "value", 1000) + operation(2, "key", "", 0) + operation(1, "key2", "v", 0);
  corpus.save("packed", "puts", '\0' + long_piece(batch));
  batch = operation(4, "key", std::string("\1\0\0\0\0\0\0\0", 8), 0) + operation(5, "key", "1", 0) + operation(3, "a", "z", 0) +
          operation(6, "none", "", 0);
  corpus.save("packed", "commands", '\0' + long_piece(batch));
  corpus.save("packed", "look_ups", '\x02' + long_piece(u32(0) + u32(3) + "key" + u32(0) + u32(4) + "none"));
  corpus.save("packed", "scans", '\x03' + long_piece("ka") + std::string(1, '\x83') + long_piece("k[a-f]?*\\y"));
  corpus.save("options", "all",
              '\0' + std::string("durability=every:3, memtable_bytes=4KiB,log_io=pwrite,compression=lz4,read_only=false"));
  corpus.save("options", "one", '\x86' + std::string("interval:20ms"));
  corpus.save("json", "object", '\x08' + std::string(R"({"a":{"b":[1,-2.5e3,true,null,"\u00e9\ud83d\ude00\n",{}]},"c":""})"));
  corpus.save("json", "base64", '\0' + std::string("aGVsbG8="));
  corpus.save("json", "tsv", '\0' + std::string("a\tb\\n\x80\xc3\xa9"));
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "make_corpus FOLDER\n";
    return 2;
  }
  const Corpus corpus(arguments[1]);
  save_tables(corpus);
  save_logs(corpus);
  save_manifests(corpus);
  save_damage(corpus);
  save_forged_databases(corpus);
  save_forged_logs(corpus);
  save_catalogs(corpus);
  save_codecs(corpus);
  save_calls(corpus);
  return 0;
}
