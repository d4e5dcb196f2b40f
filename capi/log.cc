// The durable log: firn_log_*.
#include "log.h"

#include <memory>

#include "args.h"
#include "base/coding.h"
#include "error.h"
#include "options.h"
#include "recovery_info.h"

namespace firn {
namespace {

constexpr size_t kChunkHeaderBytes = 20;  // u64 index, i64 time_ms, u32 len

struct LogPinBody {
  std::shared_ptr<const LogPart> part;  // keeps what the pin points at
};

firn_log* open_failed(firn_error* error, const Status& status) {
  report(error, status);
  return nullptr;
}

LogOptions log_options(const DbOptions& options) {
  LogOptions log;
  log.create_if_missing = options.create_if_missing;
  log.error_if_exists = options.error_if_exists;
  log.read_only = options.read_only;
  log.verify_on_open = options.verify_on_open;
  log.durability = options.durability;
  log.durability_every_count = options.durability_every_count;
  log.durability_interval_ms = options.durability_interval_ms;
  log.segment_bytes = options.segment_bytes;
  log.retention_bytes = options.retention_bytes;
  log.retention_ms = options.retention_ms;
  log.log_io = options.log_io;
  log.lock_timeout_ms = options.lock_timeout_ms;
  return log;
}

firn_log* open(const char* dir, const firn_options* given, firn_error* error) {
  if (dir == nullptr || dir[0] == '\0') return open_failed(error, {Code::kInvalid, "the path is empty: pass a directory"});
  DbOptions options;
  const Code code = read_options(given, &options);
  if (code != Code::kOk) return open_failed(error, {code, "options is not a handle of firn_options_new of this process"});
  if (options.has_db_only) return open_failed(error, {Code::kInvalid, "an option is for databases, not for logs"});
  ReservedHandle handle;
  if (!handle.ok()) return open_failed(error, Code::kNoMemory);
  const ThreadMark mark;
  Result<std::unique_ptr<DurableLog>> opened = DurableLog::open(dir, log_options(options));
  if (!opened.ok()) return open_failed(error, opened.status());
  report(error, Status());
  return static_cast<firn_log*>(handle.publish<LogBody>(HandleType::kLog, opened->release()));
}

// A call on a log: `body` gets it.
template <typename Body>
auto on_log(const firn_log* log, const Body& body) {
  return guarded([&]() -> decltype(body(std::declval<DurableLog&>())) {
    const LogCall call(log);
    return call.ok() ? body(call.log()) : to_c(call.code());
  });
}

template <typename Body>
int32_t call_status(const firn_log* log, const Body& body) {
  return on_log(log, [&](DurableLog& opened) -> int32_t { return to_c(body(opened).code()); });
}

int64_t answer(const Result<uint64_t>& result) { return result.ok() ? static_cast<int64_t>(*result) : to_c(result.status().code()); }

// (u32 len, bytes)*
Code decode_records(Slice packed, std::vector<Slice>* records) {
  uint64_t bytes = 0;
  while (!packed.empty()) {
    if (packed.size() < 4) return Code::kInvalid;
    const size_t len = load_u32(packed.data());
    packed = packed.without_first(4);
    if (len > kLogBytesMax || (bytes += len) > kLogBytesMax) return Code::kTooLarge;
    if (len > packed.size()) return Code::kInvalid;
    records->push_back(packed.first(len));
    packed = packed.without_first(len);
  }
  return Code::kOk;
}

int64_t read_chunk(DurableLog& log, uint64_t from, uint8_t* out, size_t cap) {
  if (from < log.first() || from > log.next()) return FIRN_NOT_FOUND;
  if (from == log.next()) {
    log.watch();
    if (from == log.next()) return 0;
  }
  size_t filled = 0;
  for (uint64_t index = from;; index++) {
    DurableLog::Found found;
    const Status status = log.find(index, &found);
    if (!status.ok()) {
      if (filled != 0) break;  // the end, or trimmed meanwhile; an error is told by the next call, which begins with it
      return status.is(Code::kNotFound) && index >= log.next() ? 0 : to_c(status.code());
    }
    const size_t bytes = kChunkHeaderBytes + found.data.size();
    if (bytes > cap - filled) {
      if (filled != 0) break;
      if (cap >= sizeof(uint64_t)) store<uint64_t>(out, bytes);
      return FIRN_TOO_LARGE;
    }
    uint8_t* const to = out + filled;
    store(to, index);
    store(to + 8, found.time_ms);
    store(to + 16, static_cast<uint32_t>(found.data.size()));
    if (!found.data.empty()) std::memcpy(to + kChunkHeaderBytes, found.data.data(), found.data.size());
    filled += bytes;
  }
  return static_cast<int64_t>(filled);
}

Code pin_record(DurableLog& log, uint64_t index, firn_pin_t* pin) {
  ReservedHandle owner;
  if (!owner.ok()) return Code::kNoMemory;
  DurableLog::Found found;
  std::shared_ptr<const LogPart> part;
  const Status status = log.find(index, &found, &part);
  if (!status.ok()) return status.code();
  *pin = {found.data.data(), found.data.size(), index, owner.publish<LogPinBody>(HandleType::kLogPin, std::move(part))};
  return Code::kOk;
}

}  // namespace

bool close_log_pin(const void* owner) {
  HandleSlot* slot = nullptr;
  if (close_exclusive(owner, HandleType::kLogPin, &slot) != Code::kOk) return false;
  slot->body_as<LogPinBody>()->~LogPinBody();
  unreserve_handle(slot);
  return true;
}

}  // namespace firn

using namespace firn;

firn_log* firn_log_open(const char* dir, const firn_options* options, firn_error* error) {
  return guarded([&] { return open(dir, options, error); }, [&](Code code) { return open_failed(error, code); });
}

int32_t firn_log_close(firn_log* log) {
  if (log == nullptr) return FIRN_OK;
  HandleSlot* slot = nullptr;
  const Code code = refuse_shared(log, HandleType::kLog, &slot);
  if (code != Code::kOk) return to_c(code);
  const std::unique_ptr<DurableLog> closing(slot->body_as<LogBody>()->log);
  closing->wake(true);  // not earlier: whom the descriptor tells must find the handle refused
  wait_for_users(log);
  unreserve_handle(slot);
  return guarded([&] {
    const ThreadMark mark;
    return to_c(closing->close().code());
  });
}

int64_t firn_log_append(firn_log* log, const uint8_t* data, size_t len) {
  return on_log(log, [&](DurableLog& opened) -> int64_t {
    const Code limits = check_bytes(data, len, kLogBytesMax);
    if (limits != Code::kOk) return to_c(limits);
    const Slice record(data, len);
    return answer(opened.append(&record, 1));
  });
}

int64_t firn_log_append_batch(firn_log* log, const uint8_t* packed, size_t len) {
  return on_log(log, [&](DurableLog& opened) -> int64_t {
    Code code = check_bytes(packed, len, 2 * kLogBytesMax);
    std::vector<Slice> records;
    if (code == Code::kOk) code = decode_records(Slice(packed, len), &records);
    return code == Code::kOk ? answer(opened.append(records.data(), records.size())) : to_c(code);
  });
}

int64_t firn_log_read(firn_log* log, uint64_t index, uint8_t* buf, size_t cap) {
  return on_log(log, [&](DurableLog& opened) -> int64_t {
    if (check_buffer(buf, cap) != Code::kOk) return FIRN_INVALID;
    DurableLog::Found found;
    const Status status = opened.find(index, &found);
    if (!status.ok()) return to_c(status.code());
    if (found.data.size() <= cap && !found.data.empty()) std::memcpy(buf, found.data.data(), found.data.size());
    return static_cast<int64_t>(found.data.size());
  });
}

int64_t firn_log_read_chunk(firn_log* log, uint64_t from, uint8_t* out, size_t cap) {
  return on_log(log, [&](DurableLog& opened) -> int64_t {
    return check_buffer(out, cap) == Code::kOk ? read_chunk(opened, from, out, cap) : FIRN_INVALID;
  });
}

int32_t firn_log_pin(firn_log* log, uint64_t index, firn_pin_t* pin) {
  if (pin != nullptr) *pin = {};
  return on_log(log, [&](DurableLog& opened) -> int32_t { return pin != nullptr ? to_c(pin_record(opened, index, pin)) : FIRN_INVALID; });
}

int64_t firn_log_seek_time(firn_log* log, int64_t time_ms) {
  return on_log(log, [&](DurableLog& opened) { return answer(opened.seek_time(time_ms)); });
}

firn_log_range firn_log_bounds(firn_log* log) {
  firn_log_range range = {UINT64_MAX, UINT64_MAX};
  (void)firn_log_bounds_to(log, &range.first, &range.next);
  return range;
}

int32_t firn_log_bounds_to(firn_log* log, uint64_t* first, uint64_t* next) {
  return on_log(log, [&](DurableLog& opened) -> int32_t {
    if (first == nullptr || next == nullptr) return FIRN_INVALID;
    const DurableLog::Bounds bounds = opened.bounds();
    *first = bounds.first;
    *next = bounds.next;
    return FIRN_OK;
  });
}

int64_t firn_log_durable(firn_log* log) {
  return on_log(log, [](DurableLog& opened) { return static_cast<int64_t>(opened.durable()); });
}

int32_t firn_log_sync(firn_log* log) {
  return call_status(log, [](DurableLog& opened) { return opened.sync(); });
}

int32_t firn_log_wait(firn_log* log, uint64_t index, int32_t timeout_ms) {
  return call_status(log, [&](DurableLog& opened) -> Status { return timeout_ms >= -1 ? opened.wait(index, timeout_ms) : Code::kInvalid; });
}

int32_t firn_log_wake(firn_log* log) {
  return call_status(log, [](DurableLog& opened) -> Status {
    opened.wake(false);
    return {};
  });
}

int32_t firn_log_notify_fd(firn_log* log) {
  return on_log(log, [](DurableLog& opened) -> int32_t {
    const int fd = opened.notify_fd();
    return fd >= 0 ? fd : FIRN_IO;
  });
}

int32_t firn_log_trim_before(firn_log* log, uint64_t index) {
  return call_status(log, [&](DurableLog& opened) { return opened.trim_before(index); });
}

int32_t firn_log_trim_after(firn_log* log, uint64_t index) {
  return call_status(log, [&](DurableLog& opened) { return opened.trim_after(index); });
}

int32_t firn_log_reset(firn_log* log, uint64_t next_index) {
  return call_status(log, [&](DurableLog& opened) { return opened.reset(next_index); });
}

int64_t firn_log_retain(firn_log* log) {
  return on_log(log, [](DurableLog& opened) { return answer(opened.retain()); });
}

int32_t firn_log_refresh(firn_log* log) {
  return call_status(log, [](DurableLog& opened) { return opened.refresh(); });
}

int32_t firn_log_recovery(firn_log* log, firn_recovery_info* info) {
  return on_log(log, [&](DurableLog& opened) -> int32_t {
    if (info == nullptr) return FIRN_INVALID;
    fill_recovery(opened.report(), info);
    return FIRN_OK;
  });
}

int32_t firn_log_error(firn_log* log, firn_error* error) {
  return guarded([&] {
    const LogCall call(log);
    const Status status = call.ok() ? call->error() : Status(call.code());
    report(error, status);
    return to_c(status.code());
  });
}
