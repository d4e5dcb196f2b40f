// Bytes as text: hexadecimal, base64, the escapes of TSV, UTF-8. All of them lossless; decoding is strict.
#pragma once

#include <string>
#include <string_view>

namespace firn::cli {

void append_hex(std::string& to, std::string_view bytes);  // lower case
// Appends the bytes; false (to unspecified) when the text has an odd length or another character than 0-9, a-f, A-F.
bool append_from_hex(std::string& to, std::string_view text);

void append_base64(std::string& to, std::string_view bytes);  // RFC 4648, with padding
// Canonical base64 only: with padding, unused bits zero, no white space.
bool append_from_base64(std::string& to, std::string_view text);

// TSV: tab \t, newline \n, carriage return \r, backslash \\, the other control bytes \xHH. Everything else, also from 0x80 up, as it is.
void append_tsv(std::string& to, std::string_view bytes);
// Takes \t \n \r \\ \xHH; false at any other backslash.
bool append_from_tsv(std::string& to, std::string_view text);

// For messages: as TSV, and bytes that are not UTF-8 as \xHH too. For eyes only.
void append_printable(std::string& to, std::string_view bytes);

// The length of the valid UTF-8 sequence that text begins with, 0 when there is none. Surrogates and overlong forms are not valid.
size_t utf8_sequence_bytes(std::string_view text);
bool is_utf8(std::string_view text);
void append_utf8(std::string& to, char32_t code_point);

}  // namespace firn::cli
