// Writes that depend on what is there, and times to live.
#include "args.h"
#include "call.h"

namespace firn {
namespace {

constexpr uint32_t kConditions = FIRN_IF_ABSENT | FIRN_IF_PRESENT | FIRN_IF_VERSION;

Code read_put_opts(const firn_put_opts* given, firn_put_opts* opts) {
  *opts = FIRN_PUT_OPTS_INIT;
  if (given == nullptr) return Code::kOk;
  const Code code = copy_in(given, opts, offsetof(firn_put_opts, if_version));
  if (code != Code::kOk) return code;
  const uint32_t conditions = opts->flags & kConditions;
  if ((conditions & (conditions - 1)) != 0) return Code::kInvalid;  // more than one
  if ((opts->flags & FIRN_KEEP_TTL) != 0 && opts->ttl_ms != 0) return Code::kInvalid;
  return check_write_flags(opts->flags, kConditions | FIRN_KEEP_TTL);
}

PutCondition condition_of(const firn_put_opts& opts) {
  using Kind = PutCondition::Kind;
  PutCondition condition;
  if ((opts.flags & FIRN_IF_ABSENT) != 0) condition.kind = Kind::kAbsent;
  if ((opts.flags & FIRN_IF_PRESENT) != 0) condition.kind = Kind::kPresent;
  if ((opts.flags & FIRN_IF_VERSION) != 0) condition.kind = Kind::kVersion;
  condition.version = {opts.if_version};
  condition.keep_ttl = (opts.flags & FIRN_KEEP_TTL) != 0;
  return condition;
}

int64_t expiry_of(Db& db, int64_t ttl_ms) { return ttl_ms > 0 ? expiry_after(db.now_ms(), ttl_ms) : kNeverExpires; }

// A call on one key of a database: `body` gets the database.
template <typename Body>
auto on_key(const firn_db* db, const uint8_t* key, size_t key_len, const Body& body) {
  return guarded([&]() -> decltype(body(std::declval<Db&>())) {
    const DbCall call(db);
    if (!call.ok()) return to_c(call.code());
    const Code limits = check_key(key, key_len);
    if (limits != Code::kOk) return to_c(limits);
    return body(call.db());
  });
}

int32_t set_expiry(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, int64_t ttl_ms) {
  return on_key(db, key, key_len,
                [&](Db& open) -> int32_t { return to_c(open.set_expiry(ns, Slice(key, key_len), expiry_of(open, ttl_ms)).code()); });
}

}  // namespace
}  // namespace firn

using namespace firn;

int64_t firn_put_ex(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, const uint8_t* val, size_t val_len,
                    const firn_put_opts* opts) {
  return on_key(db, key, key_len, [&](Db& open) -> int64_t {
    firn_put_opts known;
    Code code = read_put_opts(opts, &known);
    if (code == Code::kOk) code = check_value(val, val_len);
    if (code != Code::kOk) return to_c(code);
    const Operation put{.ns = ns, .expiry_ms = expiry_of(open, known.ttl_ms), .key = Slice(key, key_len), .value = Slice(val, val_len)};
    const Result<Seq> version = open.put_if(put, condition_of(known), write_flags(known.flags));
    return version.ok() ? static_cast<int64_t>(version->value) : to_c(version.status().code());
  });
}

int32_t firn_compare_swap(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, const uint8_t* old_val, size_t old_len,
                          const uint8_t* new_val, size_t new_len, int64_t ttl_ms) {
  return on_key(db, key, key_len, [&](Db& open) -> int32_t {
    for (const Code code : {check_value(old_val, old_len), check_value(new_val, new_len)}) {
      if (code != Code::kOk) return to_c(code);
    }
    const Result<bool> swapped =
        open.compare_swap(ns, Slice(key, key_len), Slice(old_val, old_len), Slice(new_val, new_len), expiry_of(open, ttl_ms));
    if (!swapped.ok()) return to_c(swapped.status().code());
    return swapped.value() ? 1 : 0;
  });
}

int64_t firn_swap(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, const uint8_t* new_val, size_t new_len, uint8_t* buf,
                  size_t cap) {
  return on_key(db, key, key_len, [&](Db& open) -> int64_t {
    for (const Code code : {check_value(new_val, new_len), check_buffer(buf, cap)}) {
      if (code != Code::kOk) return to_c(code);
    }
    const Result<size_t> old_bytes = open.swap(ns, Slice(key, key_len), Slice(new_val, new_len), buf, cap);
    return old_bytes.ok() ? static_cast<int64_t>(old_bytes.value()) : to_c(old_bytes.status().code());
  });
}

int32_t firn_add_to(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, int64_t delta, int64_t* result) {
  if (result != nullptr) *result = 0;
  return on_key(db, key, key_len, [&](Db& open) -> int32_t {
    const Result<int64_t> sum = open.add(ns, Slice(key, key_len), delta);
    if (!sum.ok()) return to_c(sum.status().code());
    if (result != nullptr) *result = sum.value();
    return FIRN_OK;
  });
}

firn_i64 firn_add(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, int64_t delta) {
  firn_i64 answer = {0, 0};
  answer.status = firn_add_to(db, ns, key, key_len, delta, &answer.value);
  return answer;
}

int32_t firn_expire(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, int64_t ttl_ms) {
  if (ttl_ms > 0) return set_expiry(db, ns, key, key_len, ttl_ms);
  return on_key(db, key, key_len, [](Db&) -> int32_t { return FIRN_INVALID; });
}

int32_t firn_persist(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len) { return set_expiry(db, ns, key, key_len, 0); }

int64_t firn_ttl(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len) {
  return on_key(db, key, key_len, [&](Db& open) -> int64_t {
    Seq version;
    int64_t expiry_ms = kNeverExpires;
    const Result<size_t> length = open.get_entry(ns, Slice(key, key_len), nullptr, 0, &version, &expiry_ms);
    if (!length.ok()) return to_c(length.status().code());
    if (expiry_ms == kNeverExpires) return FIRN_NO_EXPIRY;
    return std::max<int64_t>(expiry_ms - open.now_ms(), 0);
  });
}
