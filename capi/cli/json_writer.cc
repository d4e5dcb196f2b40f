#include "json_writer.h"

#include <cstdio>

#include "encoding.h"

namespace firn::cli {

void append_json_string(std::string& to, std::string_view utf8) {
  to += '"';
  for (const char c : utf8) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      to += '\\';
      to += c;
    } else if (c == '\n') {
      to += "\\n";
    } else if (c == '\t') {
      to += "\\t";
    } else if (c == '\r') {
      to += "\\r";
    } else if (octet < 0x20 || octet == 0x7f) {
      to += "\\u00";
      append_hex(to, std::string_view(&c, 1));
    } else {
      to += c;
    }
  }
  to += '"';
}

void JsonObject::begin_member(std::string_view name, std::string_view suffix) {
  if (!is_first_) to_ += ',';
  is_first_ = false;
  to_ += '"';
  to_ += name;
  to_ += suffix;
  to_ += "\":";
}

JsonObject& JsonObject::text(std::string_view name, std::string_view utf8) {
  begin_member(name);
  append_json_string(to_, utf8);
  return *this;
}

JsonObject& JsonObject::bytes(std::string_view name, std::string_view bytes, bool hex) {
  if (!hex && is_utf8(bytes)) return text(name, bytes);
  begin_member(name, hex ? "_hex" : "_base64");
  to_ += '"';
  if (hex) {
    append_hex(to_, bytes);
  } else {
    append_base64(to_, bytes);
  }
  to_ += '"';
  return *this;
}

JsonObject& JsonObject::number(std::string_view name, uint64_t value) {
  begin_member(name);
  to_ += std::to_string(value);
  return *this;
}

JsonObject& JsonObject::integer(std::string_view name, int64_t value) {
  begin_member(name);
  to_ += std::to_string(value);
  return *this;
}

JsonObject& JsonObject::seconds(std::string_view name, double value) {
  char digits[64];
  std::snprintf(digits, sizeof digits, "%.3f", value);
  begin_member(name);
  to_ += digits;
  return *this;
}

JsonObject& JsonObject::boolean(std::string_view name, bool value) {
  begin_member(name);
  to_ += value ? "true" : "false";
  return *this;
}

JsonObject& JsonObject::raw(std::string_view name, std::string_view json) {
  begin_member(name);
  to_ += json;
  return *this;
}

}  // namespace firn::cli
