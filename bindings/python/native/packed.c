/*
 * packed.c: operations and keys in the packed formats of firn_write and firn_multi_pin, in a buffer that grows.
 * The buffer is memory of the C library, not of Python's pools, as it may be read without the GIL.
 */
#include "native.h"

#include <string.h>

#define OPERATION_HEADER_BYTES ((size_t)24)
#define KEY_HEADER_BYTES ((size_t)8)

static bool fits_u32(size_t len) {
  if (len <= UINT32_MAX) return true;
  PyErr_SetString(PyExc_OverflowError, "longer than a key or a value can be");
  return false;
}

bool packed_reserve(Packed* packed, size_t len) {
  if (packed->cap - packed->len >= len) return true;
  size_t cap = packed->cap < 256 ? 256 : packed->cap;
  while (cap - packed->len < len) cap *= 2;
  uint8_t* data = realloc(packed->data, cap);
  if (data == NULL) {
    PyErr_NoMemory();
    return false;
  }
  packed->data = data;
  packed->cap = cap;
  return true;
}

/* Appends bytes for which there is room. */
static void append(Packed* packed, const void* data, size_t len) {
  if (len == 0) return;
  memcpy(packed->data + packed->len, data, len);
  packed->len += len;
}

bool packed_operation(Packed* packed, uint32_t kind, uint32_t ns, const Bytes* key, const uint8_t* value, size_t value_len,
                      int64_t ttl_ms) {
  if (!fits_u32(key->len) || !fits_u32(value_len)) return false;
  if (!packed_reserve(packed, OPERATION_HEADER_BYTES + key->len + value_len)) return false;
  const uint32_t header[4] = {kind, ns, (uint32_t)key->len, (uint32_t)value_len};
  append(packed, header, sizeof header);
  append(packed, &ttl_ms, sizeof ttl_ms);
  append(packed, key->data, key->len);
  append(packed, value, value_len);
  ++packed->count;
  return true;
}

bool packed_key(Packed* packed, uint32_t ns, const Bytes* key) {
  if (!fits_u32(key->len) || !packed_reserve(packed, KEY_HEADER_BYTES + key->len)) return false;
  const uint32_t header[2] = {ns, (uint32_t)key->len};
  append(packed, header, sizeof header);
  append(packed, key->data, key->len);
  ++packed->count;
  return true;
}

bool packed_record(Packed* packed, const Bytes* data) {
  if (!fits_u32(data->len) || !packed_reserve(packed, sizeof(uint32_t) + data->len)) return false;
  const uint32_t len = (uint32_t)data->len;
  append(packed, &len, sizeof len);
  append(packed, data->data, data->len);
  ++packed->count;
  return true;
}

void packed_free(Packed* packed) {
  free(packed->data);
  memset(packed, 0, sizeof *packed);
}

static bool put_pair(Packed* packed, uint32_t ns, PyObject* key, PyObject* value, int64_t ttl_ms) {
  Bytes key_bytes;
  Bytes value_bytes;
  if (!bytes_take(key, &key_bytes)) return false;
  bool done = false;
  if (bytes_take(value, &value_bytes)) {
    done = packed_operation(packed, FIRN_OP_PUT, ns, &key_bytes, value_bytes.data, value_bytes.len, ttl_ms);
    bytes_release(&value_bytes);
  }
  bytes_release(&key_bytes);
  return done;
}

static bool put_dict(Packed* packed, uint32_t ns, PyObject* dict, int64_t ttl_ms) {
  Py_ssize_t at = 0;
  PyObject* key;
  PyObject* value;
  bool done = true;
  LOCKED_BEGIN(dict)
    while (done && PyDict_Next(dict, &at, &key, &value)) {
      Py_INCREF(key); /* a buffer's exporter is code that could change the dictionary */
      Py_INCREF(value);
      done = put_pair(packed, ns, key, value, ttl_ms);
      Py_DECREF(key);
      Py_DECREF(value);
    }
  LOCKED_END
  return done;
}

static bool put_item(Packed* packed, uint32_t ns, PyObject* item, int64_t ttl_ms) {
  if (PyTuple_Check(item) && PyTuple_Size(item) == 2)
    return put_pair(packed, ns, PyTuple_GetItem(item, 0), PyTuple_GetItem(item, 1), ttl_ms);
  PyObject* pair = PySequence_Tuple(item);
  if (pair == NULL) return false;
  bool done = false;
  if (PyTuple_Size(pair) == 2) {
    done = put_pair(packed, ns, PyTuple_GetItem(pair, 0), PyTuple_GetItem(pair, 1), ttl_ms);
  } else {
    PyErr_SetString(PyExc_ValueError, "each item is a pair of a key and a value");
  }
  Py_DECREF(pair);
  return done;
}

static bool put_iterable(Packed* packed, uint32_t ns, PyObject* iterable, int64_t ttl_ms) {
  PyObject* iterator = PyObject_GetIter(iterable);
  if (iterator == NULL) return false;
  PyObject* item;
  while ((item = PyIter_Next(iterator)) != NULL) {
    const bool done = put_item(packed, ns, item, ttl_ms);
    Py_DECREF(item);
    if (!done) break;
  }
  Py_DECREF(iterator);
  return !PyErr_Occurred();
}

bool packed_put_pairs(Packed* packed, uint32_t ns, PyObject* pairs, int64_t ttl_ms) {
  if (PyDict_CheckExact(pairs)) return put_dict(packed, ns, pairs, ttl_ms);
  if (!PyObject_HasAttrString(pairs, "keys")) return put_iterable(packed, ns, pairs, ttl_ms);
  PyObject* items = PyObject_CallMethod(pairs, "items", NULL);
  if (items == NULL) return false;
  const bool done = put_iterable(packed, ns, items, ttl_ms);
  Py_DECREF(items);
  return done;
}

bool key_range_take(PyObject* start, PyObject* stop, KeyRange* range) {
  range->is_open = stop == NULL || stop == Py_None;
  if (!bytes_take_optional(start, &range->lower)) return false;
  if (bytes_take_optional(stop, &range->upper)) return true;
  bytes_release(&range->lower);
  return false;
}

void key_range_release(KeyRange* range) {
  bytes_release(&range->lower);
  bytes_release(&range->upper);
}

bool packed_delete_range(Packed* packed, uint32_t ns, const KeyRange* range) {
  static const uint8_t lowest[1] = {0};
  if (!range->is_open && range->upper.len == 0) return true; /* nothing is before the empty key */
  const Bytes from = range->lower.len > 0 ? range->lower : (Bytes){.data = lowest, .len = sizeof lowest};
  return packed_operation(packed, FIRN_OP_DELETE_RANGE, ns, &from, range->upper.data, range->upper.len, 0);
}
