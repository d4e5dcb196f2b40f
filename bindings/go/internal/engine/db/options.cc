#include "db/options.h"

#include <charconv>
#include <optional>

namespace firn {
namespace {

constexpr uint64_t kKiB = uint64_t{1} << 10;
constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kGiB = uint64_t{1} << 30;
constexpr uint64_t kTiB = uint64_t{1} << 40;
constexpr uint64_t kSecondMs = 1000;
constexpr uint64_t kDayMs = 24 * 3600 * kSecondMs;
constexpr uint64_t kDecadeMs = 3650 * kDayMs;
constexpr uint64_t kEveryCountMax = 1'000'000'000;

struct Unit {
  std::string_view name;
  uint64_t factor;
};
constexpr Unit kByteUnits[] = {{"", 1}, {"KiB", kKiB}, {"MiB", kMiB}, {"GiB", kGiB}, {"TiB", kTiB}};
constexpr Unit kTimeUnits[] = {{"", 1}, {"ms", 1}, {"s", kSecondMs}};
constexpr Unit kNoUnits[] = {{"", 1}};

// Digits and one of the units; nothing when malformed or above 2^64.
template <size_t N>
std::optional<uint64_t> parse_number(std::string_view text, const Unit (&units)[N]) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view suffix(rest, static_cast<size_t>(end - rest));
  for (const Unit& unit : units) {
    if (suffix != unit.name) continue;
    if (number > UINT64_MAX / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

struct Option {
  OptionInfo info;
  // Exactly one of the four is set.
  bool DbOptions::*flag = nullptr;
  uint64_t DbOptions::*number = nullptr;
  uint64_t min = 0;  // of number
  uint64_t max = 0;
  Code (*choose)(DbOptions*, std::string_view) = nullptr;

  bool has_type(std::string_view type) const { return type == info.type; }
};

Code choose_compression(DbOptions* options, std::string_view value) {
  Compression compression = Compression::kNone;
  if (value == "lz4") {
    compression = Compression::kLz4;
  } else if (value == "zstd") {
    compression = Compression::kZstd;
  } else if (value != "none") {
    return Code::kInvalid;
  }
  if (!compression_is_built_in(compression)) return Code::kUnsupported;
  options->compression = compression;
  return Code::kOk;
}

Code choose_log_io(DbOptions* options, std::string_view value) {
  if (value != "mmap" && value != "pwrite") return Code::kInvalid;
  options->log_io = value == "mmap" ? LogIo::kMmap : LogIo::kPwrite;
  return Code::kOk;
}

Code choose_table_io(DbOptions* options, std::string_view value) {
  if (value != "mmap" && value != "pread") return Code::kInvalid;
  options->table_io = value == "mmap" ? TableIo::kMmap : TableIo::kPread;
  return Code::kOk;
}

Code set_durability(DbOptions* options, Durability durability, uint64_t every_count, uint64_t interval_ms) {
  options->durability = durability;
  options->durability_every_count = every_count;
  options->durability_interval_ms = interval_ms;
  return Code::kOk;
}

Code choose_durability(DbOptions* options, std::string_view value) {
  if (value == "none") return set_durability(options, Durability::kNone, 0, 0);
  if (value == "process") return set_durability(options, Durability::kProcess, 0, 0);
  if (value == "sync") return set_durability(options, Durability::kSync, 0, 0);
  constexpr std::string_view kEvery = "every:";
  if (value.starts_with(kEvery)) {
    const auto count = parse_number(value.substr(kEvery.size()), kNoUnits);
    if (!count || *count == 0 || *count > kEveryCountMax) return Code::kInvalid;
    return set_durability(options, Durability::kEvery, *count, 0);
  }
  constexpr std::string_view kInterval = "interval:";
  if (value.starts_with(kInterval) && value.ends_with('s')) {  // a unit is asked for: a bare number says nothing here
    const auto interval_ms = parse_number(value.substr(kInterval.size()), kTimeUnits);
    if (!interval_ms || *interval_ms == 0 || *interval_ms > kDayMs) return Code::kInvalid;
    return set_durability(options, Durability::kInterval, 0, *interval_ms);
  }
  return Code::kInvalid;
}

constexpr Option flag(const char* name, const char* default_value, const char* text, bool DbOptions::*member) {
  return {.info = {name, "bool", default_value, "true|false", text}, .flag = member};
}
constexpr Option choice(OptionInfo info, Code (*choose)(DbOptions*, std::string_view)) { return {.info = info, .choose = choose}; }
constexpr Option number(OptionInfo info, uint64_t DbOptions::*member, uint64_t min, uint64_t max) {
  return {.info = info, .number = member, .min = min, .max = max};
}

constexpr Option for_both(Option option) {
  option.info.use = OptionUse::kBoth;
  return option;
}
constexpr Option for_log(Option option) {
  option.info.use = OptionUse::kLog;
  return option;
}

constexpr Option kOptions[] = {
    for_both(
        flag("create_if_missing", "true", "Creates the database when the path does not exist or is empty.", &DbOptions::create_if_missing)),
    for_both(flag("error_if_exists", "false", "Refuses to open a database that exists.", &DbOptions::error_if_exists)),
    for_both(
        flag("read_only", "false", "Takes no lock, writes nothing, repairs nothing; works beside a live writer.", &DbOptions::read_only)),
    for_both(choice({"durability", "durability", "process", "none|process|every:1..1000000000|interval:1ms..86400s|sync",
                     "What an acknowledged write survives: nothing promised, a crash of the process, power loss but for N commits or T "
                     "milliseconds, power loss."},
                    choose_durability)),
    flag("single_threaded", "false", "Starts no thread; one call at a time; background work runs inside writes and firn_run_jobs.",
         &DbOptions::single_threaded),
    number({"memtable_bytes", "bytes", "64MiB", "4KiB..1GiB", "Size that a memtable and its log segment grow to before they are flushed."},
           &DbOptions::memtable_bytes, 4 * kKiB, kGiB),
    number({"cache_bytes", "bytes", "256MiB", "0..1TiB",
            "Memory that tables may hold for data that are not mapped (read with pread, or decompressed); what is above is given back "
            "within a second."},
           &DbOptions::cache_bytes, 0, kTiB),
    choice({"compression", "enum", "none", "none|lz4|zstd", "How new tables are compressed."}, choose_compression),
    for_both(choice({"log_io", "enum", "mmap", "mmap|pwrite", "How the log is written: stores into a mapping, or system calls."},
                    choose_log_io)),
    choice({"table_io", "enum", "mmap", "mmap|pread", "How tables are read: through a mapping, or system calls."}, choose_table_io),
    number({"background_threads", "u64", "1", "1..2",
            "Threads that flush and compact, what is due and what scans gain by; with 2 a flush never waits for a compaction."},
           &DbOptions::background_thread_count, 1, kBackgroundThreadCountMax),
    for_both(number({"lock_timeout_ms", "ms", "0", "0..86400s", "How long opening waits for a database that another opening holds."},
                    &DbOptions::lock_timeout_ms, 0, kDayMs)),
    number({"changes_retention_bytes", "bytes", "0", "0..1TiB",
            "Bytes of flushed log that are kept for the change feed; 0: no bound of this kind, and with changes_retention_ms=0 nothing is "
            "kept."},
           &DbOptions::changes_retention_bytes, 0, kTiB),
    number({"changes_retention_ms", "ms", "0", "0..315360000s",
            "Time after their flush for which changes are kept for the change feed; 0: no bound of this kind."},
           &DbOptions::changes_retention_ms, 0, kDecadeMs),
    for_both(flag("verify_on_open", "false", "Verifies every checksum of every file before opening returns.", &DbOptions::verify_on_open)),
    for_log(number({"segment_bytes", "bytes", "64MiB", "4KiB..1GiB", "Size of a log's segments; a larger record gets a larger one."},
                   &DbOptions::segment_bytes, 4 * kKiB, kGiB)),
    for_log(number({"retention_bytes", "bytes", "0", "0..1TiB", "Whole segments at the front of a log go when it is larger; 0: never."},
                   &DbOptions::retention_bytes, 0, kTiB)),
    for_log(number(
        {"retention_ms", "ms", "0", "0..315360000s", "Whole segments at the front of a log go when their records are older; 0: never."},
        &DbOptions::retention_ms, 0, kDecadeMs)),
};

const Option* find_option(std::string_view name) {
  for (const Option& option : kOptions) {
    if (name == option.info.name) return &option;
  }
  return nullptr;
}

Code set_number(DbOptions* options, const Option& option, std::optional<uint64_t> value) {
  if (!value || *value < option.min || *value > option.max) return Code::kInvalid;
  options->*option.number = *value;
  return Code::kOk;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

}  // namespace

uint32_t option_count() { return static_cast<uint32_t>(std::size(kOptions)); }

const OptionInfo& option_at(uint32_t index) { return kOptions[index].info; }

namespace {

// The option was set: whose it is decides what may be opened with it.
Code noted(DbOptions* options, const Option& option, Code code) {
  if (code != Code::kOk) return code;
  if (option.info.use == OptionUse::kDb) options->has_db_only = true;
  if (option.info.use == OptionUse::kLog) options->has_log_only = true;
  return Code::kOk;
}

Code set_text(DbOptions* options, const Option* option, std::string_view value) {
  if (option->choose != nullptr) return option->choose(options, value);
  if (option->flag != nullptr) {
    if (value != "true" && value != "false") return Code::kInvalid;
    options->*option->flag = value == "true";
    return Code::kOk;
  }
  if (option->has_type("bytes")) return set_number(options, *option, parse_number(value, kByteUnits));
  if (option->has_type("ms")) return set_number(options, *option, parse_number(value, kTimeUnits));
  return set_number(options, *option, parse_number(value, kNoUnits));
}

Code set_value(DbOptions* options, const Option* option, uint64_t value) {
  if (option->choose != nullptr) return Code::kInvalid;
  if (option->number != nullptr) return set_number(options, *option, value);
  if (value > 1) return Code::kInvalid;
  options->*option->flag = value == 1;
  return Code::kOk;
}

}  // namespace

Code set_option(DbOptions* options, std::string_view name, std::string_view value) {
  const Option* option = find_option(name);
  return option != nullptr ? noted(options, *option, set_text(options, option, value)) : Code::kInvalid;
}

Code set_option(DbOptions* options, std::string_view name, uint64_t value) {
  const Option* option = find_option(name);
  return option != nullptr ? noted(options, *option, set_value(options, option, value)) : Code::kInvalid;
}

Code parse_options(DbOptions* options, std::string_view text) {
  DbOptions parsed = *options;
  std::string_view rest = trim(text);
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    const std::string_view pair = rest.substr(0, comma);
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return Code::kInvalid;
    const Code code = set_option(&parsed, trim(pair.substr(0, equals)), trim(pair.substr(equals + 1)));
    if (code != Code::kOk) return code;
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
    if (rest.empty()) return Code::kInvalid;  // a comma at the end
  }
  *options = parsed;
  return Code::kOk;
}

}  // namespace firn
