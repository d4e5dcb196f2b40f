#include "log.h"

#include <cstring>

#include "engine_options.h"

namespace firn::cli {
namespace {

constexpr size_t kChunkBytes = size_t{256} << 10;
constexpr size_t kRecordHeadBytes = 20;  // index, time, length

template <typename T>
T take(std::string_view& from) {
  T value;
  std::memcpy(&value, from.data(), sizeof value);
  from.remove_prefix(sizeof value);
  return value;
}

}  // namespace

Log::Log(const Settings& settings, LogMode mode) {
  const EngineOptions options = engine_options_of(settings, mode == LogMode::kCreate);
  if (mode == LogMode::kRead || mode == LogMode::kVerify) set_engine_option(options.get(), "read_only", "true");
  if (mode == LogMode::kVerify) set_engine_option(options.get(), "verify_on_open", "true");
  firn_error error = FIRN_ERROR_INIT;
  log_ = firn_log_open(settings.path.c_str(), options.get(), &error);
  if (log_ == nullptr) throw failure_of(error.code, error);
}

Log::~Log() { firn_log_close(log_); }

void Log::close() {
  firn_log* const log = log_;
  log_ = nullptr;
  check(firn_log_close(log), "closing");
}

void Log::check(int64_t code, std::string_view what) {
  if (code >= 0) return;
  const auto status = static_cast<int32_t>(code);
  throw Failure{status, std::string(what) + ": " + firn_status_text(status), {}};
}

bool LogCursor::fill() {
  if (chunk_.size() < kChunkBytes) chunk_.resize(kChunkBytes);
  int64_t filled = 0;
  for (;;) {
    filled = firn_log_read_chunk(log_.handle(), next_, reinterpret_cast<uint8_t*>(chunk_.data()), chunk_.size());
    if (filled != FIRN_TOO_LARGE) break;
    uint64_t needed = 0;
    std::memcpy(&needed, chunk_.data(), sizeof needed);
    chunk_.resize(needed);
  }
  Log::check(filled, "record " + std::to_string(next_));
  rest_ = std::string_view(chunk_.data(), static_cast<size_t>(filled));
  return filled != 0;
}

bool LogCursor::next(LogRecord& record) {
  if (rest_.size() < kRecordHeadBytes && !fill()) return false;
  record.index = take<uint64_t>(rest_);
  record.time_ms = take<int64_t>(rest_);
  const auto bytes = take<uint32_t>(rest_);
  record.data = rest_.substr(0, bytes);
  rest_.remove_prefix(bytes);
  next_ = record.index + 1;
  return true;
}

}  // namespace firn::cli
