#include "seeds/store.h"

namespace bench {
namespace {

// What firn_open or firn_log_open gives.
template <class Handle>
Handle* open_checked(Handle* (*open)(const char*, const firn_options*, firn_error*), const std::string& path, const std::string& options) {
  firn_options* parsed = firn_options_new();
  must(firn_options_parse(parsed, options.c_str()), options.c_str());
  firn_error error = FIRN_ERROR_INIT;
  Handle* const handle = open(path.c_str(), parsed, &error);
  firn_options_free(parsed);
  if (handle == nullptr) fail(std::string("open: ") + firn_status_name(error.code) + ": " + error.message);
  return handle;
}

std::string answer_text(int64_t size) { return size < 0 ? firn_status_name(static_cast<int32_t>(size)) : std::to_string(size) + " bytes"; }

}  // namespace

Database::Database(const std::string& path, const std::string& options) : db_(open_checked(firn_open, path, options)) {}

Database::~Database() { must(firn_close(db_), "close"); }

void Database::use_namespace(std::string_view name) {
  ns_ = static_cast<uint32_t>(must(firn_ns_open(db_, octets(name), name.size(), 0), "ns_open"));
}

void Database::expect_large(std::string_view key, std::string_view value) const {
  firn_pin_t pin;
  must(firn_pin(db_, ns_, octets(key), key.size(), &pin), "pin");
  if (pin.len != value.size() || std::memcmp(pin.data, value.data(), value.size()) != 0) fail_get(key, static_cast<int64_t>(pin.len));
  firn_unpin(&pin);
}

uint64_t Database::count() const {
  constexpr size_t kEntryCount = 256;
  firn_scan_opts options = FIRN_SCAN_OPTS_INIT;
  options.ns = ns_;
  options.flags = FIRN_SCAN_KEYS_ONLY;
  firn_iter* iterator = firn_scan(db_, nullptr, &options, nullptr);
  require(iterator != nullptr, "scan");
  firn_kv entries[kEntryCount];
  uint64_t count = 0;
  for (int64_t filled = 0; (filled = must(firn_iter_entries(iterator, entries, kEntryCount), "iter_entries")) > 0;)
    count += static_cast<uint64_t>(filled);
  firn_iter_close(iterator);
  return count;
}

void Database::fail_get(std::string_view key, int64_t size) {
  fail("get of " + std::string(key) + ": a wrong answer, " + answer_text(size));
}

Log::Log(const std::string& path, const std::string& options) : log_(open_checked(firn_log_open, path, options)) {}

Log::~Log() { must(firn_log_close(log_), "log_close"); }

void Log::fail_read(uint64_t index, int64_t size) {
  fail("read of record " + std::to_string(index) + ": a wrong answer, " + answer_text(size));
}

std::vector<std::string> numbered_names(std::string_view prefix, uint64_t count, size_t digit_count) {
  NumberedName name(prefix, digit_count);
  std::vector<std::string> names;
  names.reserve(count);
  for (uint64_t i = 0; i < count; ++i) names.emplace_back(name(i));
  return names;
}

}  // namespace bench
