// JSON lines: one flat object a line, {"key": ..., "value": ...}; each of the two as text, as key_base64 or as key_hex. Blank lines are skipped.
#include "entry_source.h"
#include "json_bytes.h"
#include "json_reader.h"
#include "line_reader.h"

namespace firn::cli {
namespace {

class JsonLinesSource : public EntrySource {
 public:
  bool next(Entry& entry) override {
    std::string_view line;
    do {
      if (!reader_.next(line)) return false;
    } while (line.find_first_not_of(" \t\r") == std::string_view::npos);
    JsonReader json(line, 1);
    if (!json.read_object(members_)) reader_.fail("byte " + std::to_string(json.offset()) + ": " + json.error());
    bool has_key = false;
    bool has_value = false;
    for (JsonMember& member : members_) {
      if (!take_bytes(reader_, member, "key", key_, has_key) && !take_bytes(reader_, member, "value", value_, has_value)) {
        reader_.fail("member '" + member.path + "' is neither key nor value (nor one of them with _base64 or _hex)");
      }
    }
    if (!has_key || !has_value) reader_.fail(has_key ? "no value" : "no key");
    entry = {key_, value_};
    return true;
  }
  uint64_t input_bytes() const override { return reader_.input_bytes(); }
  uint64_t input_bytes_total() const override { return reader_.input_bytes_total(); }

 private:
  LineReader reader_;
  std::vector<JsonMember> members_;
  std::string key_;
  std::string value_;
};

}  // namespace

std::unique_ptr<EntrySource> open_json_lines_source() { return std::make_unique<JsonLinesSource>(); }

}  // namespace firn::cli
