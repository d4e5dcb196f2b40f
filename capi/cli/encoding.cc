#include "encoding.h"

#include <cstdint>

namespace firn::cli {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr char kBase64Digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

uint32_t octet(char c) { return static_cast<unsigned char>(c); }

void append_escaped_byte(std::string& to, char c) {
  to += "\\x";
  append_hex(to, std::string_view(&c, 1));
}

// Appends c if TSV escapes it; false: it stands for itself.
bool append_tsv_escape(std::string& to, char c) {
  switch (c) {
    case '\t':
      to += "\\t";
      return true;
    case '\n':
      to += "\\n";
      return true;
    case '\r':
      to += "\\r";
      return true;
    case '\\':
      to += "\\\\";
      return true;
    default:
      if (octet(c) >= 0x20 && octet(c) != 0x7f) return false;
      append_escaped_byte(to, c);
      return true;
  }
}

}  // namespace

void append_hex(std::string& to, std::string_view bytes) {
  for (const char c : bytes) {
    to += kHexDigits[octet(c) >> 4];
    to += kHexDigits[octet(c) & 15];
  }
}

bool append_from_hex(std::string& to, std::string_view text) {
  if (text.size() % 2 != 0) return false;
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return false;
    to += static_cast<char>(high * 16 + low);
  }
  return true;
}

void append_base64(std::string& to, std::string_view bytes) {
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = bytes.size() - i < 3 ? bytes.size() - i : 3;
    uint32_t group = octet(bytes[i]) << 16;
    if (count > 1) group |= octet(bytes[i + 1]) << 8;
    if (count > 2) group |= octet(bytes[i + 2]);
    to += kBase64Digits[group >> 18];
    to += kBase64Digits[(group >> 12) & 63];
    to += count > 1 ? kBase64Digits[(group >> 6) & 63] : '=';
    to += count > 2 ? kBase64Digits[group & 63] : '=';
  }
}

bool append_from_base64(std::string& to, std::string_view text) {
  if (text.size() % 4 != 0) return false;
  for (size_t i = 0; i < text.size(); i += 4) {
    size_t digit_count = 4;
    if (i + 4 == text.size()) {
      if (text[i + 3] == '=') digit_count = text[i + 2] == '=' ? 2 : 3;
    }
    uint32_t group = 0;
    for (size_t k = 0; k < 4; ++k) {
      const int digit = k < digit_count ? base64_digit(text[i + k]) : 0;
      if (digit < 0) return false;
      group = group << 6 | static_cast<uint32_t>(digit);
    }
    const uint32_t unused_mask = digit_count == 2 ? 0xffffu : digit_count == 3 ? 0xffu : 0u;
    if ((group & unused_mask) != 0) return false;
    to += static_cast<char>(group >> 16);
    if (digit_count > 2) to += static_cast<char>(group >> 8 & 0xff);
    if (digit_count > 3) to += static_cast<char>(group & 0xff);
  }
  return true;
}

void append_tsv(std::string& to, std::string_view bytes) {
  for (const char c : bytes) {
    if (!append_tsv_escape(to, c)) to += c;
  }
}

bool append_from_tsv(std::string& to, std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      to += text[i];
      continue;
    }
    if (++i == text.size()) return false;
    switch (text[i]) {
      case 't':
        to += '\t';
        break;
      case 'n':
        to += '\n';
        break;
      case 'r':
        to += '\r';
        break;
      case '\\':
        to += '\\';
        break;
      case 'x':
        if (text.size() - i < 3 || !append_from_hex(to, text.substr(i + 1, 2))) return false;
        i += 2;
        break;
      default:
        return false;
    }
  }
  return true;
}

void append_printable(std::string& to, std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t sequence = utf8_sequence_bytes(bytes);
    if (sequence == 0) {
      append_escaped_byte(to, bytes[0]);
    } else if (sequence > 1 || !append_tsv_escape(to, bytes[0])) {
      to += bytes.substr(0, sequence);
    }
    bytes.remove_prefix(sequence == 0 ? 1 : sequence);
  }
}

size_t utf8_sequence_bytes(std::string_view text) {
  if (text.empty()) return 0;
  const uint32_t lead = octet(text[0]);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  uint32_t code_point = lead & (0x7fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((octet(text[i]) & 0xc0) != 0x80) return 0;
    code_point = code_point << 6 | (octet(text[i]) & 0x3f);
  }
  const uint32_t smallest = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000;
  const bool is_surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
  return code_point >= smallest && code_point <= 0x10ffff && !is_surrogate ? length : 0;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t sequence = utf8_sequence_bytes(text);
    if (sequence == 0) return false;
    text.remove_prefix(sequence);
  }
  return true;
}

void append_utf8(std::string& to, char32_t code_point) {
  const auto put = [&to](uint32_t byte) { to += static_cast<char>(byte); };
  if (code_point < 0x80) return put(code_point);
  if (code_point < 0x800) {
    put(0xc0 | code_point >> 6);
  } else if (code_point < 0x10000) {
    put(0xe0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3f));
  } else {
    put(0xf0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3f));
    put(0x80 | (code_point >> 6 & 0x3f));
  }
  put(0x80 | (code_point & 0x3f));
}

}  // namespace firn::cli
