#include "json_reader.h"

#include <unordered_set>

#include "encoding.h"

namespace firn::cli {

bool JsonReader::fail(const char* error) {
  error_ = error;
  return false;
}

void JsonReader::skip_white_space() {
  while (offset_ < text_.size() && std::string_view(" \t\r\n").find(text_[offset_]) != std::string_view::npos) ++offset_;
}

bool JsonReader::take(char c) {
  if (offset_ == text_.size() || text_[offset_] != c) return false;
  ++offset_;
  return true;
}

bool JsonReader::take_word(std::string_view word) {
  if (text_.substr(offset_, word.size()) != word) return false;
  offset_ += word.size();
  return true;
}

bool JsonReader::read_object(std::vector<JsonMember>& members) {
  members.clear();
  skip_white_space();
  if (offset_ == text_.size() || text_[offset_] != '{') return fail("expected '{'");
  if (!read_container(members, "", 1)) return false;
  skip_white_space();
  return offset_ == text_.size() || fail("unexpected bytes behind the object");
}

// At '{' or '['. Members of an array are named 0, 1, 2 ...
bool JsonReader::read_container(std::vector<JsonMember>& members, const std::string& path, unsigned depth) {
  if (depth > depth_max_) return fail("nested too deeply");
  const bool is_object = text_[offset_++] == '{';
  const char end = is_object ? '}' : ']';
  std::unordered_set<std::string> names;
  skip_white_space();
  if (take(end)) {
    members.push_back({path, JsonMember::Kind::kEmptyContainer, is_object ? "{}" : "[]"});
    return true;
  }
  for (size_t index = 0;; ++index) {
    std::string name = std::to_string(index);
    if (is_object) {
      skip_white_space();
      if (!read_string(name)) return false;
      if (!names.insert(name).second) return fail("a name twice in one object");
      skip_white_space();
      if (!take(':')) return fail("expected ':'");
    }
    if (!read_value(members, path.empty() ? name : path + "." + name, depth)) return false;
    skip_white_space();
    if (take(end)) return true;
    if (!take(',')) return fail("expected ',' or the end of the object or array");
  }
}

bool JsonReader::read_value(std::vector<JsonMember>& members, const std::string& path, unsigned depth) {
  skip_white_space();
  if (offset_ == text_.size()) return fail("expected a value");
  const char first = text_[offset_];
  if (first == '{' || first == '[') return read_container(members, path, depth + 1);
  JsonMember member{path, JsonMember::Kind::kOther, {}};
  if (first == '"') {
    member.kind = JsonMember::Kind::kString;
    if (!read_string(member.text)) return false;
  } else if (first == '-' || (first >= '0' && first <= '9')) {
    if (!read_number(member.text)) return false;
  } else {
    const size_t begin = offset_;
    if (!take_word("true") && !take_word("false") && !take_word("null")) return fail("expected a value");
    member.text = text_.substr(begin, offset_ - begin);
  }
  members.push_back(std::move(member));
  return true;
}

bool JsonReader::read_string(std::string& to) {
  to.clear();
  if (!take('"')) return fail("expected a string");
  while (offset_ < text_.size()) {
    const char c = text_[offset_];
    if (take('"')) return true;
    if (static_cast<unsigned char>(c) < 0x20) return fail("a control byte in a string");
    if (take('\\')) {
      if (!read_escape(to)) return false;
      continue;
    }
    const size_t sequence = utf8_sequence_bytes(text_.substr(offset_));
    if (sequence == 0) return fail("a string that is not UTF-8");
    to += text_.substr(offset_, sequence);
    offset_ += sequence;
  }
  return fail("a string without an end");
}

bool JsonReader::read_escape(std::string& to) {
  if (take('u')) return read_unicode_escape(to);
  static constexpr std::string_view kLetters = "\"\\/bfnrt";
  static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const size_t index = offset_ < text_.size() ? kLetters.find(text_[offset_]) : std::string_view::npos;
  if (index == std::string_view::npos) return fail("an unknown escape in a string");
  to += kMeanings[index];
  ++offset_;
  return true;
}

bool JsonReader::read_unicode_escape(std::string& to) {
  unsigned unit = 0;
  if (!read_four_hex_digits(unit)) return false;
  if (unit >= 0xdc00 && unit <= 0xdfff) return fail("a lone surrogate in a string");
  char32_t code_point = unit;
  if (unit >= 0xd800 && unit <= 0xdbff) {
    unsigned low = 0;
    if (!take_word("\\u")) return fail("a lone surrogate in a string");
    if (!read_four_hex_digits(low)) return false;
    if (low < 0xdc00 || low > 0xdfff) return fail("a lone surrogate in a string");
    code_point = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
  }
  append_utf8(to, code_point);
  return true;
}

bool JsonReader::read_four_hex_digits(unsigned& value) {
  std::string bytes;
  if (text_.size() - offset_ < 4 || !append_from_hex(bytes, text_.substr(offset_, 4))) return fail("expected four hexadecimal digits");
  offset_ += 4;
  value = static_cast<unsigned>(static_cast<unsigned char>(bytes[0])) << 8 | static_cast<unsigned char>(bytes[1]);
  return true;
}

bool JsonReader::read_digits() {
  const size_t begin = offset_;
  while (offset_ < text_.size() && text_[offset_] >= '0' && text_[offset_] <= '9') ++offset_;
  return offset_ > begin || fail("expected a digit");
}

bool JsonReader::read_number(std::string& to) {
  const size_t begin = offset_;
  take('-');
  if (!take('0') && !read_digits()) return false;
  if (take('.') && !read_digits()) return false;
  if (take('e') || take('E')) {
    if (!take('+')) take('-');
    if (!read_digits()) return false;
  }
  to = text_.substr(begin, offset_ - begin);
  return true;
}

}  // namespace firn::cli
