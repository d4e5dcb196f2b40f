// A library to be preloaded before Firn's whose every answer is wrong by a little: firn_seeds has to notice in each of its rows (seeds_test.sh).
#include "seeds/stand_before.h"

namespace {

// The last byte of an answer is another one; what is missing is an empty value.
int64_t changed(uint8_t* buf, size_t cap, int64_t length) {
  if (length > 0 && static_cast<size_t>(length) <= cap) buf[length - 1] ^= 1;
  return length == FIRN_NOT_FOUND ? 0 : length;
}

int64_t one_less(int64_t count) { return count > 0 ? count - 1 : count; }

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int64_t firn_get(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, uint8_t* buf, size_t cap) {
  return changed(buf, cap, REAL(firn_get)(db, ns, key, key_len, buf, cap));
}

int64_t firn_get_entry(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, uint8_t* buf, size_t cap, firn_entry* entry) {
  return changed(buf, cap, REAL(firn_get_entry)(db, ns, key, key_len, buf, cap, entry));
}

int64_t firn_txn_get(firn_txn* txn, uint32_t ns, const uint8_t* key, size_t key_len, uint8_t* buf, size_t cap) {
  return changed(buf, cap, REAL(firn_txn_get)(txn, ns, key, key_len, buf, cap));
}

int64_t firn_multi_get(firn_db* db, const uint8_t* keys, size_t len, uint8_t* out, size_t cap) {
  return changed(out, cap, REAL(firn_multi_get)(db, keys, len, out, cap));
}

int64_t firn_swap(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, const uint8_t* new_val, size_t new_len, uint8_t* buf,
                  size_t cap) {
  return changed(buf, cap, REAL(firn_swap)(db, ns, key, key_len, new_val, new_len, buf, cap));
}

int32_t firn_pin(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, firn_pin_t* pin) {
  const int32_t code = REAL(firn_pin)(db, ns, key, key_len, pin);
  if (code == FIRN_OK) --pin->len;
  return code;
}

int32_t firn_exists(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len) { return !REAL(firn_exists)(db, ns, key, key_len); }

int64_t firn_ttl(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len) {
  return REAL(firn_ttl)(db, ns, key, key_len) == FIRN_NO_EXPIRY ? 1 : FIRN_NO_EXPIRY;
}

firn_i64 firn_add(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, int64_t delta) {
  firn_i64 sum = REAL(firn_add)(db, ns, key, key_len, delta);
  ++sum.value;
  return sum;
}

int32_t firn_compare_swap(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, const uint8_t* old_val, size_t old_len,
                          const uint8_t* new_val, size_t new_len, int64_t ttl_ms) {
  return !REAL(firn_compare_swap)(db, ns, key, key_len, old_val, old_len, new_val, new_len, ttl_ms);
}

int64_t firn_put_ex(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, const uint8_t* val, size_t val_len,
                    const firn_put_opts* opts) {
  const int64_t version = REAL(firn_put_ex)(db, ns, key, key_len, val, val_len, opts);
  return version < 0 ? 1 : version;
}

int64_t firn_iter_entries(firn_iter* iter, firn_kv* out, size_t max) { return one_less(REAL(firn_iter_entries)(iter, out, max)); }

int64_t firn_iter_chunk(firn_iter* iter, uint8_t* out, size_t cap) { return one_less(REAL(firn_iter_chunk)(iter, out, cap)); }

int64_t firn_log_read(firn_log* log, uint64_t index, uint8_t* buf, size_t cap) {
  return changed(buf, cap, REAL(firn_log_read)(log, index, buf, cap));
}

int64_t firn_log_retain(firn_log* log) { return REAL(firn_log_retain)(log) + 1; }

}  // extern "C"
#pragma GCC visibility pop
