#include "packed.h"

#include <algorithm>
#include <cstring>

#include "args.h"
#include "base/coding.h"
#include "boundary.h"

namespace firn {
namespace {

constexpr size_t kOperationHeaderBytes = 24;  // u32 op, u32 ns, u32 key_len, u32 val_len, i64 ttl_ms
constexpr size_t kRequestHeaderBytes = 8;     // u32 ns, u32 key_len
constexpr size_t kAnswerHeaderBytes = 8;      // i64 length_or_code
constexpr size_t kCounterBytes = 8;

// One operation as it lies in a batch.
struct PackedOperation {
  uint32_t op = 0;
  uint32_t ns = 0;
  Slice key;
  Slice value;
  int64_t ttl_ms = 0;
};

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

Code check_kind(uint32_t op, size_t key_len, size_t val_len, int64_t argument) {
  switch (op) {
    case FIRN_OP_PUT:
      return key_len != 0 ? Code::kOk : Code::kInvalid;
    case FIRN_OP_DELETE:
      return key_len != 0 && val_len == 0 ? Code::kOk : Code::kInvalid;
    case FIRN_OP_DELETE_RANGE:
      if (argument != 0) return Code::kInvalid;
      return val_len <= kKeyBytesMax ? Code::kOk : Code::kTooLarge;
    case FIRN_OP_ADD:
      return key_len != 0 && val_len == kCounterBytes && argument == 0 ? Code::kOk : Code::kInvalid;
    case FIRN_OP_PUT_KEEP_TTL:
      return key_len != 0 && argument == 0 ? Code::kOk : Code::kInvalid;
    case FIRN_OP_EXPECT_VERSION:
      return key_len != 0 && val_len == 0 && argument >= 0 ? Code::kOk : Code::kInvalid;
    default:
      return Code::kInvalid;
  }
}

// Decodes the operation at the front of `rest` and takes it off.
Code decode_operation(Slice* rest, PackedOperation* operation) {
  if (rest->size() < kOperationHeaderBytes) return Code::kInvalid;
  const uint8_t* from = rest->data();
  const size_t key_len = load_u32(from + 8);
  const size_t val_len = load_u32(from + 12);
  operation->op = load_u32(from);
  operation->ns = load_u32(from + 4);
  operation->ttl_ms = load<int64_t>(from + 16);
  const Code code = check_kind(operation->op, key_len, val_len, operation->ttl_ms);
  if (code != Code::kOk) return code;
  if (key_len > kKeyBytesMax || val_len > kValueBytesMax) return Code::kTooLarge;
  const size_t bytes = kOperationHeaderBytes + key_len + val_len;  // below 2^31
  if (bytes > rest->size()) return Code::kInvalid;
  operation->key = Slice(from + kOperationHeaderBytes, key_len);
  operation->value = Slice(from + kOperationHeaderBytes + key_len, val_len);
  *rest = rest->without_first(bytes);
  return Code::kOk;
}

// Calls visit(operation) for each; what it returns ends the walk unless it is kOk.
template <typename Visit>
Code for_each_operation(Slice packed, const Visit& visit) {
  size_t key_value_bytes = 0;
  while (!packed.empty()) {
    PackedOperation operation;
    Code code = decode_operation(&packed, &operation);
    if (code != Code::kOk) return code;
    key_value_bytes += operation.key.size() + operation.value.size();
    if (key_value_bytes > kBatchBytesMax) return Code::kTooLarge;
    visit(operation);
  }
  return Code::kOk;
}

Command to_command(const PackedOperation& packed, Clock* clock) {
  using Kind = Command::Kind;
  static constexpr Kind kKinds[] = {Kind::kPut, Kind::kDelete, Kind::kDeleteRange, Kind::kAdd, Kind::kPutKeepTtl, Kind::kExpectVersion};
  Command command;
  command.kind = kKinds[packed.op - FIRN_OP_PUT];
  command.ns = packed.ns;
  command.key = packed.key;
  command.value = packed.value;
  command.has_upper = !packed.value.empty();
  if (command.kind == Kind::kPut) command.expiry_ms = clock->expiry_of(packed.ttl_ms);
  if (command.kind == Kind::kExpectVersion) command.version = {static_cast<uint64_t>(packed.ttl_ms)};
  return command;
}

Code decode_requests(Slice requests, std::vector<Lookup>* lookups) {
  constexpr size_t kTypicalRequestBytes = 24;
  constexpr size_t kReservedCountMax = 256;
  lookups->reserve(std::min(requests.size() / kTypicalRequestBytes + 1, kReservedCountMax));
  while (!requests.empty()) {
    if (requests.size() < kRequestHeaderBytes) return Code::kInvalid;
    const size_t key_len = load_u32(requests.data() + 4);
    if (key_len == 0) return Code::kInvalid;
    if (key_len > kKeyBytesMax) return Code::kTooLarge;
    if (kRequestHeaderBytes + key_len > requests.size()) return Code::kInvalid;
    Lookup lookup;
    lookup.ns = load_u32(requests.data());
    lookup.key = Slice(requests.data() + kRequestHeaderBytes, key_len);
    lookups->push_back(lookup);
    requests = requests.without_first(kRequestHeaderBytes + key_len);
  }
  return Code::kOk;
}

}  // namespace

Code decode_commands(Slice packed, Db& db, std::vector<Command>* commands) {
  Clock clock(db);
  return for_each_operation(packed, [&](const PackedOperation& operation) { commands->push_back(to_command(operation, &clock)); });
}

Code decode_batch(Slice packed, Db& db, PackedBatch* batch) {
  constexpr size_t kTypicalOperationBytes = 64;
  constexpr size_t kReservedCountMax = 4096;
  batch->operations.reserve(std::min(packed.size() / kTypicalOperationBytes + 1, kReservedCountMax));
  Clock clock(db);
  bool is_plain = true;
  const Code code = for_each_operation(packed, [&](const PackedOperation& operation) {
    if (operation.op == FIRN_OP_PUT) {
      batch->operations.push_back(make_put(operation.ns, operation.key, operation.value, clock.expiry_of(operation.ttl_ms)));
    } else if (operation.op == FIRN_OP_DELETE) {
      batch->operations.push_back({operation.ns, EntryKind::kDelete, kNeverExpires, operation.key, Slice()});
    } else {
      is_plain = false;
    }
  });
  if (code != Code::kOk || is_plain) return code;
  batch->operations.clear();
  return decode_commands(packed, db, &batch->commands);
}

Code read_requests(const uint8_t* keys, size_t len, const void* out, size_t cap, std::vector<Lookup>* lookups) {
  const Code limits = check_bytes(keys, len, kPackedBytesMax);
  if (limits != Code::kOk) return limits;
  if (check_buffer(out, cap) != Code::kOk) return Code::kInvalid;
  return decode_requests(Slice(keys, len), lookups);
}

int64_t answer_lookups(const std::vector<Lookup>& lookups, uint8_t* out, size_t cap) {
  size_t bytes = 0;  // fewer than 2^28 answers below 2^31 bytes: no overflow
  for (const Lookup& lookup : lookups) bytes += kAnswerHeaderBytes + (lookup.code == Code::kOk ? lookup.entry.value.size() : 0);
  if (bytes > cap) return static_cast<int64_t>(bytes);
  for (const Lookup& lookup : lookups) {
    if (lookup.code != Code::kOk) {
      store<int64_t>(out, to_c(lookup.code));
      out += kAnswerHeaderBytes;
      continue;
    }
    const Slice value = lookup.entry.value;
    store<int64_t>(out, static_cast<int64_t>(value.size()));
    out += kAnswerHeaderBytes;
    if (!value.empty()) std::memcpy(out, value.data(), value.size());
    out += value.size();
  }
  return static_cast<int64_t>(bytes);
}

void place_answers(const std::vector<Lookup>& lookups, firn_answer* answers) {
  for (const Lookup& lookup : lookups) {
    *answers = {};
    answers->code = to_c(lookup.code);
    if (lookup.code == Code::kOk) {
      answers->data = lookup.entry.value.data();
      answers->len = lookup.entry.value.size();
      answers->version = lookup.entry.seq.value;
    }
    answers++;
  }
}

}  // namespace firn
