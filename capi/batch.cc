// Many keys in one crossing: packed batches and packed look-ups. A packed argument is decoded, and checked, as a whole before any of it is used.
#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "args.h"
#include "base/coding.h"
#include "call.h"

namespace firn {
namespace {

constexpr size_t kOperationHeaderBytes = 24;            // u32 op, u32 ns, u32 key_len, u32 val_len, i64 ttl_ms
constexpr size_t kRequestHeaderBytes = 8;               // u32 ns, u32 key_len
constexpr size_t kAnswerHeaderBytes = 8;                // i64 length_or_code
constexpr size_t kPackedBytesMax = 2 * kBatchBytesMax;  // of a whole argument, with its headers

// Where expiries count from: the database's clock, read once a batch, and only if a ttl asks for it.
class Clock {
 public:
  explicit Clock(Db& db) : db_(db) {}

  int64_t expiry_of(int64_t ttl_ms) {
    if (ttl_ms > 0 && now_ms_ == 0) now_ms_ = db_.now_ms();
    return expiry_after(now_ms_, ttl_ms);
  }

 private:
  Db& db_;
  int64_t now_ms_ = 0;
};

// Decodes the operation at the front of `rest` and takes it off.
Code decode_operation(Slice* rest, Clock* clock, Operation* operation) {
  if (rest->size() < kOperationHeaderBytes) return Code::kInvalid;
  const uint8_t* from = rest->data();
  const uint32_t op = load_u32(from);
  const size_t key_len = load_u32(from + 8);
  const size_t val_len = load_u32(from + 12);
  if (op != FIRN_OP_PUT && op != FIRN_OP_DELETE) return Code::kInvalid;
  if (key_len == 0 || (op == FIRN_OP_DELETE && val_len != 0)) return Code::kInvalid;
  if (key_len > kKeyBytesMax || val_len > kValueBytesMax) return Code::kTooLarge;
  const size_t bytes = kOperationHeaderBytes + key_len + val_len;  // below 2^31
  if (bytes > rest->size()) return Code::kInvalid;

  operation->ns = load_u32(from + 4);
  operation->key = Slice(from + kOperationHeaderBytes, key_len);
  operation->value = Slice(from + kOperationHeaderBytes + key_len, val_len);
  operation->expiry_ms = op == FIRN_OP_PUT ? clock->expiry_of(load<int64_t>(from + 16)) : kNeverExpires;
  operation->kind = op == FIRN_OP_DELETE                    ? EntryKind::kDelete
                    : operation->expiry_ms == kNeverExpires ? EntryKind::kPut
                                                            : EntryKind::kPutExpiring;
  *rest = rest->without_first(bytes);
  return Code::kOk;
}

Code decode_batch(Slice batch, Db& db, std::vector<Operation>* operations) {
  constexpr size_t kTypicalOperationBytes = 64;
  constexpr size_t kReservedCountMax = 4096;
  operations->reserve(std::min(batch.size() / kTypicalOperationBytes + 1, kReservedCountMax));
  Clock clock(db);
  size_t key_value_bytes = 0;
  while (!batch.empty()) {
    Operation operation;
    const Code code = decode_operation(&batch, &clock, &operation);
    if (code != Code::kOk) return code;
    key_value_bytes += operation.key.size() + operation.value.size();
    if (key_value_bytes > kBatchBytesMax) return Code::kTooLarge;
    operations->push_back(operation);
  }
  return Code::kOk;
}

int64_t write_batch(Db& db, Slice batch, WriteFlags flags) {
  std::vector<Operation> operations;
  const Code code = decode_batch(batch, db, &operations);
  if (code != Code::kOk) return to_c(code);
  if (operations.empty()) {
    const Status synced = flags.sync ? db.sync() : Status();
    return synced.ok() ? static_cast<int64_t>(db.snapshot().seq().value) : to_c(synced.code());
  }
  const Result<Seq> seq = db.write(operations.data(), operations.size(), flags);
  return seq.ok() ? static_cast<int64_t>(seq.value().value) : to_c(seq.status().code());
}

Code decode_requests(Slice requests, std::vector<Db::Lookup>* lookups) {
  while (!requests.empty()) {
    if (requests.size() < kRequestHeaderBytes) return Code::kInvalid;
    const size_t key_len = load_u32(requests.data() + 4);
    if (key_len == 0) return Code::kInvalid;
    if (key_len > kKeyBytesMax) return Code::kTooLarge;
    if (kRequestHeaderBytes + key_len > requests.size()) return Code::kInvalid;
    Db::Lookup lookup;
    lookup.ns = load_u32(requests.data());
    lookup.key = Slice(requests.data() + kRequestHeaderBytes, key_len);
    lookups->push_back(lookup);
    requests = requests.without_first(kRequestHeaderBytes + key_len);
  }
  return Code::kOk;
}

int64_t answer_lookups(const std::vector<Db::Lookup>& lookups, uint8_t* out, size_t cap) {
  size_t bytes = 0;  // fewer than 2^28 answers below 2^31 bytes: no overflow
  for (const Db::Lookup& lookup : lookups) bytes += kAnswerHeaderBytes + (lookup.code == Code::kOk ? lookup.value.size() : 0);
  if (bytes > cap) return static_cast<int64_t>(bytes);
  for (const Db::Lookup& lookup : lookups) {
    if (lookup.code != Code::kOk) {
      store<int64_t>(out, to_c(lookup.code));
      out += kAnswerHeaderBytes;
      continue;
    }
    store<int64_t>(out, static_cast<int64_t>(lookup.value.size()));
    out += kAnswerHeaderBytes;
    if (!lookup.value.empty()) std::memcpy(out, lookup.value.data(), lookup.value.size());
    out += lookup.value.size();
  }
  return static_cast<int64_t>(bytes);
}

}  // namespace
}  // namespace firn

using namespace firn;

int64_t firn_write(firn_db* db, const uint8_t* batch, size_t len, uint32_t flags) {
  return guarded([&]() -> int64_t {
    const DbCall call(db);
    if (!call.ok()) return to_c(call.code());
    const Code limits = check_bytes(batch, len, kPackedBytesMax);
    if (limits != Code::kOk) return to_c(limits);
    if (check_flags(flags, FIRN_SYNC | FIRN_NO_BLOCK) != Code::kOk) return FIRN_INVALID;
    return write_batch(call.db(), Slice(batch, len), {.sync = (flags & FIRN_SYNC) != 0, .no_block = (flags & FIRN_NO_BLOCK) != 0});
  });
}

int64_t firn_multi_get(firn_db* db, const uint8_t* keys, size_t len, uint8_t* out, size_t cap) {
  return guarded([&]() -> int64_t {
    const DbCall call(db);
    if (!call.ok()) return to_c(call.code());
    const Code limits = check_bytes(keys, len, kPackedBytesMax);
    if (limits != Code::kOk) return to_c(limits);
    if (check_buffer(out, cap) != Code::kOk) return FIRN_INVALID;
    std::vector<Db::Lookup> lookups;
    const Code code = decode_requests(Slice(keys, len), &lookups);
    if (code != Code::kOk) return to_c(code);
    if (lookups.empty()) return 0;
    Snapshot snapshot;
    const Status status = call->multi_get(lookups.data(), lookups.size(), &snapshot);
    return status.ok() ? answer_lookups(lookups, out, cap) : to_c(status.code());
  });
}
