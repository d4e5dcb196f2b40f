// Lines of key TAB value: raw (bytes as they are), tsv (with escapes), and hexadecimal for both.
#include "encoding.h"
#include "entry_source.h"
#include "line_reader.h"

namespace firn::cli {
namespace {

class TextSource : public EntrySource {
 public:
  using Decoder = bool (*)(std::string& to, std::string_view text);

  TextSource(Decoder decoder, const char* complaint) : decoder_(decoder), complaint_(complaint) {}

  bool next(Entry& entry) override {
    std::string_view line;
    if (!reader_.next(line)) return false;
    const size_t tab = line.find('\t');
    if (tab == std::string_view::npos) reader_.fail("no tab between key and value");
    entry.key = decode(key_, line.substr(0, tab));
    entry.value = decode(value_, line.substr(tab + 1));
    return true;
  }
  uint64_t input_bytes() const override { return reader_.input_bytes(); }
  uint64_t input_bytes_total() const override { return reader_.input_bytes_total(); }

 private:
  std::string_view decode(std::string& to, std::string_view text) {
    if (decoder_ == nullptr) return text;
    to.clear();
    if (!decoder_(to, text)) reader_.fail(complaint_);
    return to;
  }

  Decoder decoder_;  // nullptr: as it is
  const char* complaint_;
  LineReader reader_;
  std::string key_;
  std::string value_;
};

constexpr char kNotHex[] = "not hexadecimal, as --hex asks";

}  // namespace

std::unique_ptr<EntrySource> open_raw_source(bool hex) { return std::make_unique<TextSource>(hex ? append_from_hex : nullptr, kNotHex); }

std::unique_ptr<EntrySource> open_tsv_source(bool hex) {
  if (hex) return open_raw_source(true);
  return std::make_unique<TextSource>(append_from_tsv, "an unknown escape; where a backslash is just a backslash, say --format raw");
}

}  // namespace firn::cli
