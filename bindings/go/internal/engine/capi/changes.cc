// The change feed, and waiting: for durability, for commits.
#include "args.h"
#include "base/coding.h"
#include "call.h"

using namespace firn;

int32_t firn_wait_durable(firn_db* db, uint64_t version, int32_t timeout_ms) {
  return guarded([&]() -> int32_t {
    const DbCall call(db);
    if (!call.ok()) return to_c(call.code());
    if (timeout_ms < -1 || version > kSeqMax.value) return FIRN_INVALID;
    return to_c(call->wait_durable({version}, timeout_ms).code());
  });
}

int32_t firn_wake(firn_db* db) {
  return guarded([&]() -> int32_t {
    const DbCall call(db);
    if (call.ok()) call->wake(false);
    return to_c(call.code());
  });
}

int32_t firn_notify_fd(firn_db* db) {
  return guarded([&]() -> int32_t {
    const DbCall call(db);
    if (!call.ok()) return to_c(call.code());
    const int fd = call->notify_fd();
    return fd >= 0 ? fd : FIRN_IO;
  });
}

int64_t firn_changes(firn_db* db, uint64_t from_version, uint8_t* out, size_t cap, uint32_t flags) {
  return guarded([&]() -> int64_t {
    const DbCall call(db);
    if (!call.ok()) return to_c(call.code());
    if (check_buffer(out, cap) != Code::kOk || check_flags(flags, FIRN_CHANGES_DURABLE) != Code::kOk) return FIRN_INVALID;
    if (from_version > kSeqMax.value) return FIRN_INVALID;
    size_t needed = 0;
    const Result<size_t> bytes = call->changes({from_version}, (flags & FIRN_CHANGES_DURABLE) != 0, out, cap, &needed);
    if (bytes.ok()) return static_cast<int64_t>(*bytes);
    if (bytes.status().is(Code::kTooLarge) && cap >= sizeof(uint64_t)) store<uint64_t>(out, needed);
    return to_c(bytes.status().code());
  });
}

int32_t firn_changes_bounds(firn_db* db, uint64_t* first, uint64_t* next) {
  return guarded([&]() -> int32_t {
    const DbCall call(db);
    if (!call.ok()) return to_c(call.code());
    if (first == nullptr || next == nullptr) return FIRN_INVALID;
    const auto [oldest, following] = call->changes_bounds();
    *first = oldest.value;
    *next = following.value;
    return FIRN_OK;
  });
}
