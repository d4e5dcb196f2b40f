// The options of a database: one table that names them all (name, type, default, range, text) and turns text into DbOptions. C, the
// command, the bindings and the documents read this table.
//
// Text forms, all strict (no signs, no white space, nothing behind): bool "true" or "false"; u64 decimal digits; bytes digits with an
// optional KiB, MiB, GiB or TiB; ms digits with an optional ms or s; enums by name; durability "none", "process", "every:N",
// "interval:Tms" or "interval:Ts", "sync".
// Codes: kInvalid (unknown name, malformed, out of range), kUnsupported (this build lacks it). On failure nothing has changed.
// Threading: pure functions.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "db/db_options.h"

namespace firn {

enum class OptionUse : uint8_t { kDb = 1, kLog = 2, kBoth = 3 };

struct OptionInfo {
  const char* name;
  const char* type;           // "bool", "u64", "bytes", "ms", "enum", "durability"
  const char* default_value;  // as text that set_option takes
  const char* range;          // "4KiB..1GiB", "none|lz4|zstd"
  const char* text;           // one sentence
  OptionUse use = OptionUse::kDb;
};

uint32_t option_count();
const OptionInfo& option_at(uint32_t index);  // index < option_count()

Code set_option(DbOptions* options, std::string_view name, std::string_view value);
// For the types u64, bytes, ms and bool (0 or 1); another type is kInvalid.
Code set_option(DbOptions* options, std::string_view name, uint64_t value);
// "name=value,name=value", white space around names and values is skipped; all or nothing. Blank text sets nothing.
Code parse_options(DbOptions* options, std::string_view text);

}  // namespace firn
