// Writes that depend on what is there. Each is a decision that the commit door asks for: it sees the key's present entry and answers with the one operation to
// log, which is the result (a counter's new value, not the addition), so that replaying it changes nothing.
#include <cstring>

#include "db/db_impl.h"

namespace firn {
namespace {

void set_put(Operation* operation, Slice value, int64_t expiry_ms) {
  *operation = make_put(operation->ns, operation->key, value, expiry_ms);
}

int64_t expiry_of(const Entry* entry) { return entry != nullptr ? entry->expiry_ms : kNeverExpires; }

Code judge(const PutCondition& condition, const Entry* current) {
  using Kind = PutCondition::Kind;
  switch (condition.kind) {
    case Kind::kAlways:
      return Code::kOk;
    case Kind::kAbsent:
      return current == nullptr ? Code::kOk : Code::kExists;
    case Kind::kPresent:
      return current != nullptr ? Code::kOk : Code::kNotFound;
    case Kind::kVersion:
      return (current != nullptr ? current->seq : Seq()) == condition.version ? Code::kOk : Code::kConflict;
  }
  return Code::kInternal;
}

}  // namespace

Result<Seq> DbImpl::update(uint32_t ns, Slice key, const CommitDoor::Decision& decide, WriteFlags flags) {
  FIRN_TRY(begin_writing());
  Result<Seq> seq = timed_write(flags, [&] { return door_.update(ns, key, decide, flags); });
  if (core_.options.single_threaded) after_write();
  return seq;
}

Result<Seq> DbImpl::put_if(const Operation& put, const PutCondition& condition, WriteFlags flags) {
  if (condition.kind == PutCondition::Kind::kAlways && !condition.keep_ttl) {  // nothing has to be looked up
    const Operation operation = make_put(put.ns, put.key, put.value, put.expiry_ms);
    return write(&operation, 1, flags);
  }
  const auto decide = [&](const Entry* current, Operation* operation) {
    const Code code = judge(condition, current);
    if (code == Code::kOk) set_put(operation, put.value, condition.keep_ttl ? expiry_of(current) : put.expiry_ms);
    return code;
  };
  return update(put.ns, put.key, std::ref(decide), flags);
}

Result<bool> DbImpl::compare_swap(uint32_t ns, Slice key, Slice expected, Slice wanted, int64_t expiry_ms) {
  const auto decide = [&](const Entry* current, Operation* operation) {
    if (current == nullptr || !(current->value == expected)) return Code::kConflict;
    set_put(operation, wanted, expiry_ms);
    return Code::kOk;
  };
  const Result<Seq> seq = update(ns, key, std::ref(decide), {});
  if (seq.ok()) return true;
  if (seq.status().is(Code::kConflict)) return false;
  return seq.status();
}

Result<size_t> DbImpl::swap(uint32_t ns, Slice key, Slice wanted, uint8_t* buf, size_t cap) {
  bool was_there = false;
  size_t old_bytes = 0;
  const auto decide = [&](const Entry* current, Operation* operation) {
    was_there = current != nullptr;
    set_put(operation, wanted, expiry_of(current));
    if (!was_there) return Code::kOk;
    old_bytes = current->value.size();
    if (old_bytes > cap) return Code::kTooLarge;
    if (old_bytes > 0) std::memcpy(buf, current->value.data(), old_bytes);
    return Code::kOk;
  };
  const Result<Seq> seq = update(ns, key, std::ref(decide), {});
  if (!seq.ok() && !(seq.status().is(Code::kTooLarge) && old_bytes > cap)) return seq.status();
  if (!was_there) return Code::kNotFound;
  return old_bytes;
}

Result<int64_t> DbImpl::add(uint32_t ns, Slice key, int64_t delta) {
  int64_t sum = 0;
  const auto decide = [&](const Entry* current, Operation* operation) {
    if (const Code code = add_to_counter(current != nullptr ? &current->value : nullptr, delta, &sum); code != Code::kOk) return code;
    set_put(operation, Slice(reinterpret_cast<const uint8_t*>(&sum), sizeof sum), expiry_of(current));
    return Code::kOk;
  };
  FIRN_TRY(update(ns, key, std::ref(decide), {}).status());
  return sum;
}

Status DbImpl::set_expiry(uint32_t ns, Slice key, int64_t expiry_ms) {
  const auto decide = [&](const Entry* current, Operation* operation) {
    if (current == nullptr) return Code::kNotFound;
    set_put(operation, current->value, expiry_ms);
    return Code::kOk;
  };
  return update(ns, key, std::ref(decide), {}).status();
}

}  // namespace firn
