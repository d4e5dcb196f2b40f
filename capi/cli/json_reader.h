// JsonReader: a strict reader of one JSON object (RFC 8259): UTF-8 only, no lone surrogates, no duplicate names, no trailing bytes.
// It flattens: a member of a nested object or array is named by its path, "wal.segments.0.bytes".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace firn::cli {

struct JsonMember {
  enum class Kind { kString, kOther, kEmptyContainer };  // kOther: a number, true, false or null, as written
  std::string path;
  Kind kind = Kind::kOther;
  std::string text;
};

class JsonReader {
 public:
  // depth_max 1: a flat object. text is borrowed until read_object has returned.
  JsonReader(std::string_view text, unsigned depth_max) : text_(text), depth_max_(depth_max) {}

  // false: error() and offset() say what is wrong, and where; members is unspecified.
  bool read_object(std::vector<JsonMember>& members);
  const char* error() const { return error_; }
  size_t offset() const { return offset_; }

 private:
  bool fail(const char* error);
  void skip_white_space();
  bool take(char c);
  bool take_word(std::string_view word);
  bool read_container(std::vector<JsonMember>& members, const std::string& path, unsigned depth);
  bool read_value(std::vector<JsonMember>& members, const std::string& path, unsigned depth);
  bool read_string(std::string& to);
  bool read_escape(std::string& to);
  bool read_unicode_escape(std::string& to);
  bool read_four_hex_digits(unsigned& value);
  bool read_number(std::string& to);
  bool read_digits();

  std::string_view text_;
  size_t offset_ = 0;
  unsigned depth_max_;
  const char* error_ = "";
};

}  // namespace firn::cli
