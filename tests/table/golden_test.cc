// The worked example of FORMAT.md, to the byte: a builder makes it, and a reader reads it, for ever.
#include <fstream>
#include <sstream>

#include "table/table_model.h"

namespace firn {
namespace {

constexpr TableIdentity kGoldenIdentity{0x0123456789abcdef, 5};
constexpr uint64_t kGoldenHashSeed = 0;

Model golden_model() {
  Model model;
  model[{1, "apple"}] = {"red", 1000, EntryKind::kPut, kNeverExpires};
  model[{1, "apricot"}] = {"", 1300, EntryKind::kDelete, kNeverExpires};
  model[{2, "plum"}] = {"blue", 1001, EntryKind::kPutExpiring, 1700000000000};
  return model;
}

// The hexadecimal lines of FORMAT.md ("0010  61 62 ...") as bytes.
std::string bytes_of_format_page() {
  const std::string path = std::string(FIRN_SOURCE_DIR) + "/core/table/FORMAT.md";
  std::ifstream page(path);
  EXPECT_TRUE(page.is_open()) << path;
  std::string bytes;
  for (std::string line; std::getline(page, line);) {
    if (line.size() < 8 || line.find_first_not_of("0123456789abcdef") != 4 || line.substr(4, 2) != "  ") continue;
    EXPECT_EQ(std::stoul(line.substr(0, 4), nullptr, 16), bytes.size()) << line;
    std::istringstream digits(line.substr(6, 47));
    for (std::string byte; digits >> byte;) bytes += static_cast<char>(std::stoul(byte, nullptr, 16));
  }
  return bytes;
}

std::string as_hex(const std::string& bytes) {
  std::string text;
  char piece[32];
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i % 16 == 0) {
      std::snprintf(piece, sizeof piece, "%04zx ", i);
      text += piece;
    }
    std::snprintf(piece, sizeof piece, " %02x", static_cast<unsigned char>(bytes[i]));
    text += piece;
    if (i % 16 == 15) text += '\n';
  }
  return text + '\n';
}

TEST(TableGolden, BuilderMakesTheBytesOfTheFormatPage) {
  const Model model = golden_model();
  BytesFile file;
  TableBuilderOptions options = options_for(model, Compression::kNone);
  options.identity = kGoldenIdentity;
  auto builder = TableBuilder::create(&file, options);
  for (const auto& [key, value] : model) {
    ASSERT_TRUE(builder->add(entry_of(key, value), hash_key(kGoldenHashSeed, key.internal())).ok());
  }
  ASSERT_TRUE(builder->finish().ok());
  EXPECT_EQ(as_hex(file.bytes()), as_hex(bytes_of_format_page()));
}

TEST(TableGolden, ReaderReadsTheBytesOfTheFormatPage) {
  const std::string bytes = bytes_of_format_page();
  for (TableIo io : {TableIo::kMmap, TableIo::kPread}) {
    auto table = open_bytes(bytes, io, kGoldenIdentity);
    ASSERT_TRUE(table.ok()) << table.status().message();
    EXPECT_TRUE(table.value()->verify(kGoldenHashSeed).ok());
    auto iterator = table.value()->new_iterator(false);
    iterator->seek_to_first();
    for (const auto& [key, value] : golden_model()) {
      ASSERT_TRUE(iterator->valid());
      EXPECT_TRUE(is_same(iterator->entry(), key, value));
      Entry entry;
      ASSERT_TRUE(table.value()->find(key.internal(), hash_key(kGoldenHashSeed, key.internal()), &entry).ok());
      EXPECT_TRUE(is_same(entry, key, value));
      iterator->next();
    }
    EXPECT_FALSE(iterator->valid());
  }
}

}  // namespace
}  // namespace firn
