// JsonObject: appends one JSON object to a string, member by member, in the order of the calls.
//
// The rule for bytes (stable and lossless): a member that holds bytes is written under its name when the bytes are valid UTF-8 ("key": "a"),
// else under name_base64 ("key_base64": "/w=="); with --hex always under name_hex ("key_hex": "ff"). Exactly one of the three is there.
// `firn load --format jsonl` takes the same three names, so `scan --json` and `load` are inverse to each other.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace firn::cli {

class JsonObject {
 public:
  explicit JsonObject(std::string& to) : to_(to) { to_ += '{'; }

  JsonObject& text(std::string_view name, std::string_view utf8);
  JsonObject& bytes(std::string_view name, std::string_view bytes, bool hex);
  JsonObject& number(std::string_view name, uint64_t value);
  JsonObject& integer(std::string_view name, int64_t value);
  JsonObject& seconds(std::string_view name, double value);  // three decimals
  JsonObject& boolean(std::string_view name, bool value);
  JsonObject& raw(std::string_view name, std::string_view json);  // json is a complete value
  void end() { to_ += '}'; }

 private:
  void begin_member(std::string_view name, std::string_view suffix = {});

  std::string& to_;
  bool is_first_ = true;
};

// A JSON string with its quotes; utf8 must be valid.
void append_json_string(std::string& to, std::string_view utf8);

}  // namespace firn::cli
