// JsonText: builds one JSON value from nested objects and arrays; commas are set by itself. Text that is not UTF-8 is the caller's to avoid: bytes are written as
// hexadecimal.
// Threading: a value type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/slice.h"

namespace firn {

class JsonText {
 public:
  // In an object `name` is the member's; in an array pass none.
  void begin_object(std::string_view name = {}) { open(name, '{'); }
  void end_object() { text_ += '}'; }
  void begin_array(std::string_view name = {}) { open(name, '['); }
  void end_array() { text_ += ']'; }

  void number(std::string_view name, uint64_t value) {
    begin(name);
    text_ += std::to_string(value);
  }
  void integer(std::string_view name, int64_t value) {
    begin(name);
    text_ += std::to_string(value);
  }
  void boolean(std::string_view name, bool value) {
    begin(name);
    text_ += value ? "true" : "false";
  }
  // Printable ASCII as it is; every other byte is written as the code point of its number.
  void text(std::string_view name, std::string_view value) {
    begin(name);
    text_ += '"';
    for (const char c : value) append(static_cast<uint8_t>(c));
    text_ += '"';
  }
  void hex(std::string_view name, Slice value) {
    begin(name);
    text_ += '"';
    for (size_t i = 0; i < value.size(); i++) append_hex(value.data()[i]);
    text_ += '"';
  }
  // A number that is a name: 16 digits.
  void id(std::string_view name, uint64_t value) {
    begin(name);
    text_ += '"';
    for (int shift = 56; shift >= 0; shift -= 8) append_hex(static_cast<uint8_t>(value >> shift));
    text_ += '"';
  }

  const std::string& str() const { return text_; }

 private:
  static constexpr char kDigits[] = "0123456789abcdef";

  void begin(std::string_view name) {
    if (!text_.empty() && text_.back() != '{' && text_.back() != '[') text_ += ',';
    if (name.empty()) return;
    text_ += '"';
    text_ += name;
    text_ += "\":";
  }
  void open(std::string_view name, char brace) {
    begin(name);
    text_ += brace;
  }
  void append_hex(uint8_t byte) {
    text_ += kDigits[byte >> 4];
    text_ += kDigits[byte & 15];
  }
  void append(uint8_t byte) {
    if (byte == '"' || byte == '\\') {
      text_ += '\\';
      text_ += static_cast<char>(byte);
    } else if (byte >= 0x20 && byte < 0x7f) {
      text_ += static_cast<char>(byte);
    } else {
      text_ += "\\u00";
      append_hex(byte);
    }
  }

  std::string text_;
};

}  // namespace firn
