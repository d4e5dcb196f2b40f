/* conditional.c: the calls of Store that depend on what is there, and times to live. The engine may wait in them: they give up the GIL. */
#include "native.h"

#define SWAP_BYTES_FIRST ((size_t)4 * 1024)

PyObject* store_add(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"key", "delta"};
  static const Signature signature = {"add", names, 1, 2, 2};
  PyObject* values[2];
  int64_t delta = 1;
  Bytes key;
  if (!arguments_parse(&signature, args, given, kwnames, values)) return NULL;
  if ((values[1] != NULL && !argument_i64(values[1], &delta)) || !bytes_take(values[0], &key)) return NULL;
  firn_i64 sum;
  Py_BEGIN_ALLOW_THREADS
    sum = firn_add(self->db, self->ns, key.data, key.len, delta);
  Py_END_ALLOW_THREADS
  bytes_release(&key);
  return sum.status == FIRN_OK ? PyLong_FromLongLong(sum.value) : reader_failed(self, sum.status);
}

/* Swaps with a buffer that grows until the old value fits; it is only then that anything changes. */
static PyObject* swap_bytes(Reader* self, const Bytes* key, const Bytes* value) {
  uint8_t* old = NULL;
  size_t cap = SWAP_BYTES_FIRST;
  int64_t length;
  for (;;) {
    uint8_t* larger = realloc(old, cap);
    if (larger == NULL) {
      free(old);
      return PyErr_NoMemory();
    }
    old = larger;
    Py_BEGIN_ALLOW_THREADS
      length = firn_swap(self->db, self->ns, key->data, key->len, value->data, value->len, old, cap);
    Py_END_ALLOW_THREADS
    if (length <= (int64_t)cap) break;
    cap = (size_t)length;
  }
  PyObject* result;
  if (length >= 0)
    result = PyBytes_FromStringAndSize((const char*)old, (Py_ssize_t)length);
  else
    result = length == FIRN_NOT_FOUND ? Py_BuildValue("") : reader_failed(self, length);
  free(old);
  return result;
}

PyObject* store_swap(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"key", "value"};
  static const Signature signature = {"swap", names, 2, 2, 2};
  PyObject* values[2];
  Bytes key;
  Bytes value;
  if (!arguments_parse(&signature, args, given, kwnames, values) || !bytes_take(values[0], &key)) return NULL;
  PyObject* result = NULL;
  if (bytes_take(values[1], &value)) {
    result = swap_bytes(self, &key, &value);
    bytes_release(&value);
  }
  bytes_release(&key);
  return result;
}

PyObject* store_compare_swap(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"key", "old", "new", "ttl"};
  static const Signature signature = {"compare_swap", names, 3, 3, 4};
  PyObject* values[4];
  int64_t ttl_ms;
  Bytes bytes[3];
  int taken = 0;
  if (!arguments_parse(&signature, args, given, kwnames, values) || !argument_ttl_ms(values[3], &ttl_ms)) return NULL;
  while (taken < 3 && bytes_take(values[taken], &bytes[taken])) ++taken;
  int32_t code = FIRN_OK;
  if (taken == 3) {
    Py_BEGIN_ALLOW_THREADS
      code = firn_compare_swap(self->db, self->ns, bytes[0].data, bytes[0].len, bytes[1].data, bytes[1].len, bytes[2].data, bytes[2].len,
                               ttl_ms);
    Py_END_ALLOW_THREADS
  }
  for (int i = 0; i < taken; ++i) bytes_release(&bytes[i]);
  if (taken < 3) return NULL;
  return code >= 0 ? PyBool_FromLong(code) : reader_failed(self, code);
}

static PyObject* expiry_changed(Reader* self, int32_t code, PyObject* key) {
  if (code == FIRN_OK) return Py_BuildValue("");
  return code == FIRN_NOT_FOUND ? raise_key_missing(self->state, key) : reader_failed(self, code);
}

PyObject* store_expire(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"key", "ttl"};
  static const Signature signature = {"expire", names, 2, 2, 2};
  PyObject* values[2];
  int64_t ttl_ms;
  Bytes key;
  if (!arguments_parse(&signature, args, given, kwnames, values) || !argument_ttl_ms(values[1], &ttl_ms)) return NULL;
  if (!bytes_take(values[0], &key)) return NULL;
  int32_t code;
  Py_BEGIN_ALLOW_THREADS
    code = firn_expire(self->db, self->ns, key.data, key.len, ttl_ms);
  Py_END_ALLOW_THREADS
  bytes_release(&key);
  return expiry_changed(self, code, values[0]);
}

PyObject* store_persist(Reader* self, PyObject* key) {
  Bytes bytes;
  if (!bytes_take(key, &bytes)) return NULL;
  int32_t code;
  Py_BEGIN_ALLOW_THREADS
    code = firn_persist(self->db, self->ns, bytes.data, bytes.len);
  Py_END_ALLOW_THREADS
  bytes_release(&bytes);
  return expiry_changed(self, code, key);
}

PyObject* store_ttl(Reader* self, PyObject* key) {
  Bytes bytes;
  if (!bytes_take(key, &bytes)) return NULL;
  const int64_t ttl_ms = firn_ttl(self->db, self->ns, bytes.data, bytes.len);
  bytes_release(&bytes);
  if (ttl_ms >= 0) return PyFloat_FromDouble((double)ttl_ms / 1000.0);
  return ttl_ms == FIRN_NO_EXPIRY ? Py_BuildValue("") : expiry_changed(self, (int32_t)ttl_ms, key);
}
