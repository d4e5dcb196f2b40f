// A library to be preloaded before Firn's that answers with what belongs to a neighbour: the key whose last digit differs in its last bit, or the record whose index does (seeds_test.sh).
#include <cstring>
#include <string>

#include "seeds/stand_before.h"

namespace {

bool is_digit(uint8_t octet) { return octet >= '0' && octet <= '9'; }

class Neighbour {
 public:
  Neighbour(const uint8_t* key, size_t size) : key_(reinterpret_cast<const char*>(key), size) {
    if (size > 0 && is_digit(key[size - 1])) key_.back() = static_cast<char>(key_.back() ^ 1);
  }
  const uint8_t* data() const { return reinterpret_cast<const uint8_t*>(key_.data()); }

 private:
  std::string key_;
};

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int64_t firn_get(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, uint8_t* buf, size_t cap) {
  const int64_t length = REAL(firn_get)(db, ns, Neighbour(key, key_len).data(), key_len, buf, cap);
  return length == FIRN_NOT_FOUND ? REAL(firn_get)(db, ns, key, key_len, buf, cap) : length;
}

int64_t firn_txn_get(firn_txn* txn, uint32_t ns, const uint8_t* key, size_t key_len, uint8_t* buf, size_t cap) {
  const int64_t length = REAL(firn_txn_get)(txn, ns, Neighbour(key, key_len).data(), key_len, buf, cap);
  return length == FIRN_NOT_FOUND ? REAL(firn_txn_get)(txn, ns, key, key_len, buf, cap) : length;
}

int32_t firn_pin(firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, firn_pin_t* pin) {
  const int32_t code = REAL(firn_pin)(db, ns, Neighbour(key, key_len).data(), key_len, pin);
  return code == FIRN_NOT_FOUND ? REAL(firn_pin)(db, ns, key, key_len, pin) : code;
}

int64_t firn_multi_get(firn_db* db, const uint8_t* keys, size_t len, uint8_t* out, size_t cap) {
  std::string changed(reinterpret_cast<const char*>(keys), len);
  for (size_t place = 0; place < len;) {
    uint32_t head[2];  // of the namespace and the length
    std::memcpy(head, changed.data() + place, sizeof head);
    place += sizeof head + head[1];
    if (is_digit(static_cast<uint8_t>(changed[place - 1]))) changed[place - 1] = static_cast<char>(changed[place - 1] ^ 1);
  }
  return REAL(firn_multi_get)(db, reinterpret_cast<const uint8_t*>(changed.data()), len, out, cap);
}

int64_t firn_log_read(firn_log* log, uint64_t index, uint8_t* buf, size_t cap) {
  const int64_t length = REAL(firn_log_read)(log, index ^ 1, buf, cap);
  return length < 0 ? REAL(firn_log_read)(log, index, buf, cap) : length;
}

}  // extern "C"
#pragma GCC visibility pop
