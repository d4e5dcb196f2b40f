// Many keys in one crossing: packed batches, packed look-ups, ranges.
#include "args.h"
#include "call.h"
#include "packed.h"
#include "pin.h"

namespace firn {
namespace {

int64_t answer(const Result<Seq>& seq) { return seq.ok() ? static_cast<int64_t>(seq->value) : to_c(seq.status().code()); }

int64_t write_batch(Db& db, Slice packed, WriteFlags flags) {
  PackedBatch batch;
  const Code code = decode_batch(packed, db, &batch);
  if (code != Code::kOk) return to_c(code);
  if (!batch.commands.empty()) return answer(db.run(batch.commands.data(), batch.commands.size(), flags, nullptr));
  if (!batch.operations.empty()) return answer(db.write(batch.operations.data(), batch.operations.size(), flags));
  const Status synced = flags.sync ? db.sync() : Status();
  return synced.ok() ? static_cast<int64_t>(db.snapshot().seq().value) : to_c(synced.code());
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
    if (check_write_flags(flags) != Code::kOk) return FIRN_INVALID;
    return write_batch(call.db(), Slice(batch, len), write_flags(flags));
  });
}

int64_t firn_multi_get(firn_db* db, const uint8_t* keys, size_t len, uint8_t* out, size_t cap) {
  return guarded([&]() -> int64_t {
    const DbCall call(db);
    if (!call.ok()) return to_c(call.code());
    std::vector<Lookup> lookups;
    const Code code = read_requests(keys, len, out, cap, &lookups);
    if (code != Code::kOk) return to_c(code);
    if (lookups.empty()) return 0;
    Snapshot snapshot;
    const Status status = call->multi_get(lookups.data(), lookups.size(), &snapshot);
    return status.ok() ? answer_lookups(lookups, out, cap) : to_c(status.code());
  });
}

int64_t firn_multi_pin(firn_db* db, const uint8_t* keys, size_t len, firn_answer* answers, size_t max, firn_pin_t* pin) {
  if (pin != nullptr) *pin = {};
  return guarded([&]() -> int64_t {
    const DbCall call(db);
    if (!call.ok()) return to_c(call.code());
    return pin_requests(keys, len, answers, max, pin, [&](std::vector<Lookup>& lookups, ReservedHandle& handle) -> Result<void*> {
      Snapshot snapshot;
      FIRN_TRY(call->multi_get(lookups.data(), lookups.size(), &snapshot));
      return handle.publish<PinBody>(HandleType::kPin, std::move(snapshot));
    });
  });
}

int64_t firn_delete_range(firn_db* db, uint32_t ns, const uint8_t* lower, size_t lower_len, const uint8_t* upper, size_t upper_len,
                          uint64_t limit) {
  return guarded([&]() -> int64_t {
    const DbCall call(db);
    if (!call.ok()) return to_c(call.code());
    for (const Code code : {check_bytes(lower, lower_len, kKeyBytesMax), check_bytes(upper, upper_len, kKeyBytesMax)}) {
      if (code != Code::kOk) return to_c(code);
    }
    Command command;
    command.kind = Command::Kind::kDeleteRange;
    command.ns = ns;
    command.key = Slice(lower, lower_len);
    command.value = Slice(upper, upper_len);
    command.has_upper = upper != nullptr;
    if (limit != 0) command.limit = limit;
    uint64_t deleted_count = 0;
    const Result<Seq> seq = call->run(&command, 1, {}, &deleted_count);
    return seq.ok() ? static_cast<int64_t>(deleted_count) : to_c(seq.status().code());
  });
}
