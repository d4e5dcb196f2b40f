// Single keys: the hot calls. Each is a mark, a lookup of the handle, limits, one call of Db.
#include "args.h"
#include "call.h"
#include "log.h"
#include "pin.h"
#include "txn.h"

namespace firn {
namespace {

int32_t write_one(firn_db* db, const Operation& operation, Code limits) {
  const DbCall call(db);
  if (!call.ok()) return to_c(call.code());
  if (limits != Code::kOk) return to_c(limits);
  return to_c(call->write(&operation, 1, WriteFlags{}).status().code());
}

Code pin_key(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, firn_pin_t* pin) {
  const DbCall call(db);
  if (!call.ok()) return call.code();
  const Code limits = check_key(key, key_len);
  if (limits != Code::kOk) return limits;
  ReservedHandle owner;
  if (!owner.ok()) return Code::kNoMemory;
  Snapshot snapshot;
  Entry entry;
  const Status status = call->pin(ns, Slice(key, key_len), &snapshot, &entry);
  if (!status.ok()) return status.code();
  pin->data = entry.value.data();
  pin->len = entry.value.size();
  pin->version = entry.seq.value;
  pin->owner = owner.publish<PinBody>(HandleType::kPin, std::move(snapshot));
  return Code::kOk;
}

// The first or the second of what Db::approximate tells.
int64_t approximate(const firn_db* db, uint32_t ns, Slice lower, Slice upper, uint64_t std::pair<uint64_t, uint64_t>::*which) {
  return guarded([&]() -> int64_t {
    const DbCall call(db);
    if (!call.ok()) return to_c(call.code());
    for (const Slice bound : {lower, upper}) {
      const Code code = check_bytes(bound.data(), bound.size(), kKeyBytesMax);
      if (code != Code::kOk) return to_c(code);
    }
    const auto extent = call->approximate(ns, lower, upper.data() != nullptr ? std::optional(upper) : std::nullopt);
    return extent.ok() ? static_cast<int64_t>((*extent).*which) : to_c(extent.status().code());
  });
}

}  // namespace
}  // namespace firn

using namespace firn;

int32_t firn_put(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, const uint8_t* val, size_t val_len) {
  return guarded([&] {
    const Code key_limits = check_key(key, key_len);
    return write_one(db, {.ns = ns, .key = Slice(key, key_len), .value = Slice(val, val_len)},
                     key_limits != Code::kOk ? key_limits : check_value(val, val_len));
  });
}

int32_t firn_delete(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len) {
  return guarded([&] {
    return write_one(db, {.ns = ns, .kind = EntryKind::kDelete, .key = Slice(key, key_len), .value = Slice()}, check_key(key, key_len));
  });
}

int64_t firn_get(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, uint8_t* buf, size_t cap) {
  return guarded([&]() -> int64_t {
    const DbCall call(db);
    if (!call.ok()) [[unlikely]]
      return to_c(call.code());
    const Code limits = check_key(key, key_len);
    if (limits != Code::kOk) [[unlikely]]
      return to_c(limits);
    if (check_buffer(buf, cap) != Code::kOk) [[unlikely]]
      return FIRN_INVALID;
    const Result<size_t> length = call->get(ns, Slice(key, key_len), buf, cap);
    return length.ok() ? static_cast<int64_t>(length.value()) : to_c(length.status().code());
  });
}

int64_t firn_get_entry(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, uint8_t* buf, size_t cap, firn_entry* entry) {
  return guarded([&]() -> int64_t {
    const DbCall call(db);
    if (!call.ok()) return to_c(call.code());
    const Code limits = check_key(key, key_len);
    if (limits != Code::kOk) return to_c(limits);
    if (check_buffer(buf, cap) != Code::kOk) return FIRN_INVALID;
    Seq version;
    int64_t expiry_ms = kNeverExpires;
    const Result<size_t> length = call->get_entry(ns, Slice(key, key_len), buf, cap, &version, &expiry_ms);
    if (!length.ok()) return to_c(length.status().code());
    if (entry != nullptr) copy_out(entry, {sizeof *entry, 0, version.value, expiry_ms}, sizeof(uint64_t));
    return static_cast<int64_t>(length.value());
  });
}

int32_t firn_exists(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len) {
  return guarded([&]() -> int32_t {
    const DbCall call(db);
    if (!call.ok()) return to_c(call.code());
    const Code limits = check_key(key, key_len);
    if (limits != Code::kOk) return to_c(limits);
    const Result<bool> found = call->exists(ns, Slice(key, key_len));
    if (!found.ok()) return to_c(found.status().code());
    return found.value() ? 1 : 0;
  });
}

int32_t firn_pin(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, firn_pin_t* pin) {
  if (pin != nullptr) *pin = {};
  return guarded([&] {
    if (pin == nullptr) {
      const DbCall call(db);
      return to_c(call.ok() ? Code::kInvalid : call.code());
    }
    return to_c(pin_key(db, ns, key, key_len, pin));
  });
}

void firn_unpin(firn_pin_t* pin) {
  if (pin == nullptr) return;
  const void* owner = pin->owner;
  *pin = {};
  if (close_txn_pin(owner) || close_log_pin(owner)) return;
  HandleSlot* slot = nullptr;
  if (close_exclusive(owner, HandleType::kPin, &slot) != Code::kOk) return;
  slot->body_as<PinBody>()->~PinBody();  // without a mark: an own mark would keep a retired view from being freed
  unreserve_handle(slot);
}

int64_t firn_approximate_count(firn_db* db, uint32_t ns, const uint8_t* lower, size_t lower_len, const uint8_t* upper, size_t upper_len) {
  return approximate(db, ns, Slice(lower, lower_len), Slice(upper, upper_len), &std::pair<uint64_t, uint64_t>::first);
}

int64_t firn_approximate_bytes(firn_db* db, uint32_t ns, const uint8_t* lower, size_t lower_len, const uint8_t* upper, size_t upper_len) {
  return approximate(db, ns, Slice(lower, lower_len), Slice(upper, upper_len), &std::pair<uint64_t, uint64_t>::second);
}
