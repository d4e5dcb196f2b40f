// Transactions: firn_txn_*.
#include "txn.h"

#include "args.h"
#include "error.h"
#include "packed.h"
#include "pin.h"

namespace firn {
namespace {

// What lies in the slot of a pin that came from a transaction.
struct TxnPinBody {
  std::shared_ptr<Transaction> transaction;  // keeps what the pin points at
};

firn_txn* begin_failed(firn_error* error, const Status& status) {
  report(error, status);
  return nullptr;
}

firn_txn* begin(firn_db* db, uint32_t flags, firn_error* error) {
  const DbCall call(db);
  if (!call.ok()) return begin_failed(error, call.code());
  if (check_flags(flags, FIRN_TXN_READ_ONLY | FIRN_TXN_SERIALIZABLE) != Code::kOk)
    return begin_failed(error, {Code::kInvalid, "unknown flags"});
  auto transaction = call->begin({.read_only = (flags & FIRN_TXN_READ_ONLY) != 0, .serializable = (flags & FIRN_TXN_SERIALIZABLE) != 0});
  ReservedHandle handle;
  if (!handle.ok()) return begin_failed(error, Code::kNoMemory);
  if (error != nullptr) report(error, Status());
  return static_cast<firn_txn*>(handle.publish<TxnBody>(HandleType::kTxn, db, std::move(transaction)));
}

// A call on a transaction: `body` gets the TxnCall.
template <typename Body>
auto on_txn(const firn_txn* txn, const Body& body) {
  return guarded([&]() -> decltype(body(std::declval<const TxnCall&>())) {
    const TxnCall call(txn);
    return call.ok() ? body(call) : to_c(call.code());
  });
}

// The same about one key.
template <typename Body>
auto on_key(const firn_txn* txn, const uint8_t* key, size_t key_len, const Body& body) {
  return on_txn(txn, [&](const TxnCall& call) -> decltype(body(std::declval<Transaction&>())) {
    const Code limits = check_key(key, key_len);
    return limits == Code::kOk ? body(call.transaction()) : to_c(limits);
  });
}

int64_t copy_value(Slice value, uint8_t* buf, size_t cap) {
  if (value.size() <= cap && !value.empty()) std::memcpy(buf, value.data(), value.size());
  return static_cast<int64_t>(value.size());
}

Code pin_key(const TxnCall& call, uint32_t ns, Slice key, firn_pin_t* pin) {
  ReservedHandle owner;
  if (!owner.ok()) return Code::kNoMemory;
  Entry entry;
  const Status status = call.transaction().pin(ns, key, &entry);
  if (!status.ok()) return status.code();
  *pin = {entry.value.data(), entry.value.size(), entry.seq.value, owner.publish<TxnPinBody>(HandleType::kTxnPin, call.shared())};
  return Code::kOk;
}

int64_t commit(const firn_txn* txn, uint32_t flags) {
  return on_txn(txn, [&](const TxnCall& call) -> int64_t {
    if (check_write_flags(flags) != Code::kOk) return FIRN_INVALID;
    const Result<Seq> seq = call.db().commit(call.transaction(), write_flags(flags));
    return seq.ok() ? static_cast<int64_t>(seq->value) : to_c(seq.status().code());
  });
}

}  // namespace

bool close_txn_pin(const void* owner) {
  HandleSlot* slot = nullptr;
  if (close_exclusive(owner, HandleType::kTxnPin, &slot) != Code::kOk) return false;
  slot->body_as<TxnPinBody>()->~TxnPinBody();
  unreserve_handle(slot);
  return true;
}

}  // namespace firn

using namespace firn;

firn_txn* firn_txn_begin(firn_db* db, uint32_t flags, firn_error* error) {
  return guarded([&] { return begin(db, flags, error); }, [&](Code code) { return begin_failed(error, code); });
}

int64_t firn_txn_get(firn_txn* txn, uint32_t ns, const uint8_t* key, size_t key_len, uint8_t* buf, size_t cap) {
  return firn_txn_get_entry(txn, ns, key, key_len, buf, cap, nullptr);
}

int64_t firn_txn_get_entry(firn_txn* txn, uint32_t ns, const uint8_t* key, size_t key_len, uint8_t* buf, size_t cap, firn_entry* entry) {
  return on_key(txn, key, key_len, [&](Transaction& transaction) -> int64_t {
    if (check_buffer(buf, cap) != Code::kOk) return FIRN_INVALID;
    Entry found;
    const Status status = transaction.find(ns, Slice(key, key_len), &found);
    if (!status.ok()) return to_c(status.code());
    if (entry != nullptr) copy_out(entry, {sizeof *entry, 0, found.seq.value, found.expiry_ms}, sizeof(uint64_t));
    return copy_value(found.value, buf, cap);
  });
}

int32_t firn_txn_exists(firn_txn* txn, uint32_t ns, const uint8_t* key, size_t key_len) {
  return on_key(txn, key, key_len, [&](Transaction& transaction) -> int32_t {
    Entry found;
    const Status status = transaction.find(ns, Slice(key, key_len), &found);
    return status.ok() ? 1 : status.is(Code::kNotFound) ? 0 : to_c(status.code());
  });
}

int32_t firn_txn_pin(firn_txn* txn, uint32_t ns, const uint8_t* key, size_t key_len, firn_pin_t* pin) {
  if (pin != nullptr) *pin = {};
  return on_txn(txn, [&](const TxnCall& call) -> int32_t {
    const Code limits = pin == nullptr ? Code::kInvalid : check_key(key, key_len);
    return to_c(limits != Code::kOk ? limits : pin_key(call, ns, Slice(key, key_len), pin));
  });
}

int64_t firn_txn_multi_get(firn_txn* txn, const uint8_t* keys, size_t len, uint8_t* out, size_t cap) {
  return on_txn(txn, [&](const TxnCall& call) -> int64_t {
    std::vector<Lookup> lookups;
    const Code code = read_requests(keys, len, out, cap, &lookups);
    if (code != Code::kOk) return to_c(code);
    const Status status = call.transaction().multi_get(lookups.data(), lookups.size());
    return status.ok() ? answer_lookups(lookups, out, cap) : to_c(status.code());
  });
}

int64_t firn_txn_multi_pin(firn_txn* txn, const uint8_t* keys, size_t len, firn_answer* answers, size_t max, firn_pin_t* pin) {
  if (pin != nullptr) *pin = {};
  return on_txn(txn, [&](const TxnCall& call) -> int64_t {
    return pin_requests(keys, len, answers, max, pin, [&](std::vector<Lookup>& lookups, ReservedHandle& handle) -> Result<void*> {
      FIRN_TRY(call.transaction().multi_pin(lookups.data(), lookups.size()));
      return handle.publish<TxnPinBody>(HandleType::kTxnPin, call.shared());
    });
  });
}

int32_t firn_txn_put(firn_txn* txn, uint32_t ns, const uint8_t* key, size_t key_len, const uint8_t* val, size_t val_len) {
  return on_key(txn, key, key_len, [&](Transaction& transaction) -> int32_t {
    const Code limits = check_value(val, val_len);
    if (limits != Code::kOk) return to_c(limits);
    return to_c(transaction.set(make_put(ns, Slice(key, key_len), Slice(val, val_len), kNeverExpires)).code());
  });
}

int32_t firn_txn_delete(firn_txn* txn, uint32_t ns, const uint8_t* key, size_t key_len) {
  return on_key(txn, key, key_len, [&](Transaction& transaction) -> int32_t {
    return to_c(transaction.set({ns, EntryKind::kDelete, kNeverExpires, Slice(key, key_len), Slice()}).code());
  });
}

firn_i64 firn_txn_add(firn_txn* txn, uint32_t ns, const uint8_t* key, size_t key_len, int64_t delta) {
  firn_i64 answer = {0, 0};
  answer.status = on_key(txn, key, key_len, [&](Transaction& transaction) -> int32_t {
    const Result<int64_t> sum = transaction.add(ns, Slice(key, key_len), delta);
    if (sum.ok()) answer.value = *sum;
    return to_c(sum.status().code());
  });
  return answer;
}

int64_t firn_txn_write(firn_txn* txn, const uint8_t* batch, size_t len) {
  return on_txn(txn, [&](const TxnCall& call) -> int64_t {
    const Code limits = check_bytes(batch, len, kPackedBytesMax);
    if (limits != Code::kOk) return to_c(limits);
    std::vector<Command> commands;
    const Code code = decode_commands(Slice(batch, len), call.db(), &commands);
    if (code != Code::kOk) return to_c(code);
    const Status status = call.transaction().apply(commands.data(), commands.size());
    return status.ok() ? static_cast<int64_t>(commands.size()) : to_c(status.code());
  });
}

uint64_t firn_txn_version(firn_txn* txn) {
  const TxnCall call(txn);
  return call.ok() ? call.transaction().snapshot().seq().value : 0;
}

int64_t firn_txn_commit(firn_txn* txn) { return commit(txn, 0); }

int64_t firn_txn_commit_ex(firn_txn* txn, uint32_t flags) { return commit(txn, flags); }

void firn_txn_close(firn_txn* txn) {
  HandleSlot* slot = nullptr;
  if (close_exclusive(txn, HandleType::kTxn, &slot) != Code::kOk) return;
  slot->body_as<TxnBody>()->~TxnBody();  // without a mark: an own mark would keep a retired view from being freed
  unreserve_handle(slot);
}
