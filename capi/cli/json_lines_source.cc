// JSON lines: one flat object a line, {"key": ..., "value": ...}; each of the two as text, as key_base64 or as key_hex. Blank lines are skipped.
#include "encoding.h"
#include "entry_source.h"
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
      if (!take(member, "key", key_, has_key) && !take(member, "value", value_, has_value)) {
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
  // false: member does not belong to `name`.
  bool take(JsonMember& member, std::string_view name, std::string& to, bool& has) {
    if (!member.path.starts_with(name)) return false;
    const std::string_view suffix = std::string_view(member.path).substr(name.size());
    if (!suffix.empty() && suffix != "_base64" && suffix != "_hex") return false;
    if (has) reader_.fail("more than one " + std::string(name));
    if (member.kind != JsonMember::Kind::kString) reader_.fail("'" + member.path + "' is not a string");
    has = true;
    if (suffix.empty()) {
      to.swap(member.text);
      return true;
    }
    to.clear();
    const bool is_valid = suffix == "_hex" ? append_from_hex(to, member.text) : append_from_base64(to, member.text);
    if (!is_valid) reader_.fail("'" + member.path + "' is not what its name says");
    return true;
  }

  LineReader reader_;
  std::vector<JsonMember> members_;
  std::string key_;
  std::string value_;
};

}  // namespace

std::unique_ptr<EntrySource> open_json_lines_source() { return std::make_unique<JsonLinesSource>(); }

}  // namespace firn::cli
