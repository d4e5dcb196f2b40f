/*
 * writer.c: the type Writer: a transaction that writes, and what all writing through a packed batch shares. Writes of a transaction stay in memory until
 * the commit, so they keep the GIL.
 */
#include "native.h"

#include <string.h>

static PyObject* none(void) { return Py_BuildValue(""); }

/* A code of a write as None or as an exception. */
static PyObject* written(Reader* self, int64_t code) { return code >= 0 ? none() : reader_failed(self, code); }

int64_t reader_write(Reader* self, const uint8_t* packed, size_t len, bool is_sync) {
  int64_t version = FIRN_WOULD_BLOCK;
  const bool is_quick = len <= GIL_BYTES_MAX && !is_sync && !self->commits_block;
  if (self->txn == NULL && is_quick) version = firn_write(self->db, packed, len, FIRN_NO_BLOCK);
  if (version != FIRN_WOULD_BLOCK) return version;
  Py_BEGIN_ALLOW_THREADS
    version = self->txn != NULL ? firn_txn_write(self->txn, packed, len) : firn_write(self->db, packed, len, is_sync ? FIRN_SYNC : 0u);
  Py_END_ALLOW_THREADS
  return version;
}

PyObject* reader_put_pairs(Reader* self, PyObject* pairs, PyObject* ttl, bool is_sync) {
  int64_t ttl_ms;
  if (!argument_ttl_ms(ttl, &ttl_ms)) return NULL;
  Packed packed = {0};
  PyObject* result = NULL;
  if (packed_put_pairs(&packed, self->ns, pairs, ttl_ms)) {
    const int64_t version = reader_write(self, packed.data, packed.len, is_sync);
    result = version < 0 ? reader_failed(self, version) : PyLong_FromLongLong(version);
  }
  packed_free(&packed);
  return result;
}

/* Without sync: it is the commit that waits for the disk. */
static PyObject* writer_put_many(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"items", "ttl"};
  static const Signature signature = {"put_many", names, 1, 1, 2};
  PyObject* values[2];
  return arguments_parse(&signature, args, given, kwnames, values) ? reader_put_pairs(self, values[0], values[1], false) : NULL;
}

static PyObject* put_with_expiry(Reader* self, const Bytes* key, const Bytes* value, uint32_t kind, int64_t ttl_ms) {
  Packed packed = {0};
  PyObject* result = NULL;
  if (packed_operation(&packed, kind, self->ns, key, value->data, value->len, ttl_ms))
    result = written(self, reader_write(self, packed.data, packed.len, false));
  packed_free(&packed);
  return result;
}

static PyObject* put_value(Reader* self, PyObject* key, PyObject* value, int is_keeping_ttl, int64_t ttl_ms) {
  Bytes key_bytes;
  Bytes value_bytes;
  if (!bytes_take(key, &key_bytes)) return NULL;
  PyObject* result = NULL;
  if (bytes_take(value, &value_bytes)) {
    if (is_keeping_ttl || ttl_ms != 0) {
      result = put_with_expiry(self, &key_bytes, &value_bytes, is_keeping_ttl ? FIRN_OP_PUT_KEEP_TTL : FIRN_OP_PUT, ttl_ms);
    } else {
      result = written(self, firn_txn_put(self->txn, self->ns, key_bytes.data, key_bytes.len, value_bytes.data, value_bytes.len));
    }
    bytes_release(&value_bytes);
  }
  bytes_release(&key_bytes);
  return result;
}

/* What put has to find, else it does nothing. */
typedef struct Condition {
  int is_absent;
  int is_present;
  bool has_version;
  uint64_t version;
} Condition;

static bool condition_take(Condition* condition, PyObject* if_absent, PyObject* if_present, PyObject* if_version) {
  condition->is_absent = argument_flag(if_absent);
  condition->is_present = argument_flag(if_present);
  condition->has_version = if_version != NULL && if_version != Py_None;
  if (condition->is_absent < 0 || condition->is_present < 0 || !argument_u64(if_version, 0, &condition->version)) return false;
  if (condition->is_absent + condition->is_present + condition->has_version <= 1) return true;
  PyErr_SetString(PyExc_ValueError, "put() takes one condition at most");
  return false;
}

/* Reads the key where there is a condition; FIRN_OK when it holds. */
static int64_t judge(Reader* self, const Bytes* key, const Condition* condition) {
  if (!condition->is_absent && !condition->is_present && !condition->has_version) return FIRN_OK;
  firn_entry entry = FIRN_ENTRY_INIT;
  const int64_t found = reader_read(self, key, NULL, 0, &entry);
  if (found < 0 && found != FIRN_NOT_FOUND) return found;
  if (condition->is_absent) return found >= 0 ? FIRN_EXISTS : FIRN_OK;
  if (condition->is_present) return found >= 0 ? FIRN_OK : FIRN_NOT_FOUND;
  if (found < 0) return condition->version == 0 ? FIRN_OK : FIRN_CONFLICT;
  return entry.version != 0 && entry.version == condition->version ? FIRN_OK : FIRN_CONFLICT; /* 0: an own write */
}

static PyObject* writer_put(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"key", "value", "ttl", "keep_ttl", "if_absent", "if_present", "if_version"};
  static const Signature signature = {"put", names, 2, 2, 7};
  PyObject* values[7];
  int64_t ttl_ms;
  Condition condition;
  if (!arguments_parse(&signature, args, given, kwnames, values) || !argument_ttl_ms(values[2], &ttl_ms)) return NULL;
  const int is_keeping_ttl = argument_flag(values[3]);
  if (is_keeping_ttl < 0 || !condition_take(&condition, values[4], values[5], values[6])) return NULL;
  Bytes key;
  if (!bytes_take(values[0], &key)) return NULL;
  const int64_t code = judge(self, &key, &condition);
  bytes_release(&key);
  if (code == FIRN_NOT_FOUND) return raise_key_missing(self->state, values[0]);
  return code == FIRN_OK ? put_value(self, values[0], values[1], is_keeping_ttl, ttl_ms) : reader_failed(self, code);
}

/* Reads the value: new, NULL with *code FIRN_NOT_FOUND, or NULL and an exception is set. */
static PyObject* old_value(Reader* self, PyObject* key, int64_t* code) {
  Bytes bytes;
  *code = FIRN_OK;
  if (!bytes_take(key, &bytes)) return NULL;
  PyObject* value = reader_value(self, &bytes, NULL, code);
  bytes_release(&bytes);
  return value;
}

static PyObject* writer_swap(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"key", "value"};
  static const Signature signature = {"swap", names, 2, 2, 2};
  PyObject* values[2];
  int64_t code;
  if (!arguments_parse(&signature, args, given, kwnames, values)) return NULL;
  PyObject* old = old_value(self, values[0], &code);
  if (old == NULL && code != FIRN_NOT_FOUND) return NULL;
  PyObject* done = put_value(self, values[0], values[1], 1, 0);
  if (done == NULL) Py_CLEAR(old);
  if (done == NULL || old != NULL) {
    Py_XDECREF(done);
    return old;
  }
  return done;
}

/* Whether the value is these bytes. */
static bool is_same(PyObject* value, const Bytes* bytes) {
  char* data;
  Py_ssize_t len;
  if (PyBytes_AsStringAndSize(value, &data, &len) < 0) return false;
  return (size_t)len == bytes->len && (len == 0 || memcmp(data, bytes->data, bytes->len) == 0);
}

static PyObject* writer_compare_swap(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"key", "old", "new", "ttl"};
  static const Signature signature = {"compare_swap", names, 3, 3, 4};
  PyObject* values[4];
  int64_t ttl_ms;
  Bytes expected;
  if (!arguments_parse(&signature, args, given, kwnames, values) || !argument_ttl_ms(values[3], &ttl_ms)) return NULL;
  if (!bytes_take(values[1], &expected)) return NULL;
  int64_t code;
  PyObject* value = old_value(self, values[0], &code);
  const bool is_swapping = value != NULL && is_same(value, &expected);
  bytes_release(&expected);
  if (value == NULL && code != FIRN_NOT_FOUND) return NULL;
  Py_XDECREF(value);
  if (!is_swapping) return PyBool_FromLong(0);
  PyObject* done = put_value(self, values[0], values[2], 0, ttl_ms);
  if (done == NULL) return NULL;
  Py_DECREF(done);
  return PyBool_FromLong(1);
}

static PyObject* writer_delete(Reader* self, PyObject* key) {
  Bytes bytes;
  if (!bytes_take(key, &bytes)) return NULL;
  const int32_t code = firn_txn_delete(self->txn, self->ns, bytes.data, bytes.len);
  bytes_release(&bytes);
  return written(self, code);
}

static int delete_present(Reader* self, PyObject* key) {
  Bytes bytes;
  if (!bytes_take(key, &bytes)) return -1;
  int32_t code = firn_txn_exists(self->txn, self->ns, bytes.data, bytes.len);
  if (code == 1)
    code = firn_txn_delete(self->txn, self->ns, bytes.data, bytes.len);
  else if (code == 0)
    code = FIRN_NOT_FOUND;
  bytes_release(&bytes);
  if (code == FIRN_OK) return 0;
  if (code == FIRN_NOT_FOUND)
    raise_key_missing(self->state, key);
  else
    reader_failed(self, code);
  return -1;
}

static int writer_ass_subscript(Reader* self, PyObject* key, PyObject* value) {
  if (value == NULL) return delete_present(self, key);
  PyObject* done = put_value(self, key, value, 0, 0);
  Py_XDECREF(done);
  return done == NULL ? -1 : 0;
}

static PyObject* writer_add(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"key", "delta"};
  static const Signature signature = {"add", names, 1, 2, 2};
  PyObject* values[2];
  int64_t delta = 1;
  Bytes key;
  if (!arguments_parse(&signature, args, given, kwnames, values)) return NULL;
  if ((values[1] != NULL && !argument_i64(values[1], &delta)) || !bytes_take(values[0], &key)) return NULL;
  const firn_i64 sum = firn_txn_add(self->txn, self->ns, key.data, key.len, delta);
  bytes_release(&key);
  return sum.status == FIRN_OK ? PyLong_FromLongLong(sum.value) : reader_failed(self, sum.status);
}

static PyObject* writer_delete_range(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"start", "stop"};
  static const Signature signature = {"delete_range", names, 0, 2, 2};
  PyObject* values[2];
  Packed packed = {0};
  if (!arguments_parse(&signature, args, given, kwnames, values)) return NULL;
  PyObject* result = NULL;
  KeyRange range;
  if (!key_range_take(values[0], values[1], &range)) return NULL;
  if (packed_delete_range(&packed, self->ns, &range))
    result = packed.len == 0 ? none() : written(self, reader_write(self, packed.data, packed.len, false));
  key_range_release(&range);
  packed_free(&packed);
  return result;
}

static PyObject* writer_commit(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"sync"};
  static const Signature signature = {"commit", names, 0, 0, 1};
  PyObject* values[1];
  if (!arguments_parse(&signature, args, given, kwnames, values)) return NULL;
  const int is_sync = argument_flag(values[0]);
  if (is_sync < 0) return NULL;
  int64_t version;
  Py_BEGIN_ALLOW_THREADS
    version = firn_txn_commit_ex(self->txn, is_sync ? FIRN_SYNC : 0u);
  Py_END_ALLOW_THREADS
  self->is_committed = self->is_committed || version >= 0 || version == FIRN_CONFLICT;
  return version >= 0 ? PyLong_FromLongLong(version) : reader_failed(self, version);
}

static PyMethodDef writer_methods[] = {
    METHOD(
        "put", writer_put,
        "put($self, /, key, value, *, ttl=None, if_absent=False, if_present=False, if_version=None, keep_ttl=False)\n--\n\nStores the "
        "value.\n\nttl is in seconds, or a timedelta. if_absent: else ExistsError; if_present: else NotFoundError; if_version: the\nentry "
        "has this version (0: it is absent), else ConflictError; own writes have none. What was asked is read: the commit\nfails if it is "
        "no longer so. keep_ttl: the expiry stays."),
    METHOD("put_many", writer_put_many,
           "put_many($self, /, items, *, ttl=None)\n--\n\nStores all pairs of a mapping or an iterable, or nothing."),
    METHOD_PLAIN("delete", writer_delete, METH_O, "delete($self, key, /)\n--\n\nDeletes the key, if it is there."),
    METHOD("swap", writer_swap,
           "swap($self, /, key, value)\n--\n\nStores the value and returns the one before, or None. The expiry stays."),
    METHOD("compare_swap", writer_compare_swap,
           "compare_swap($self, /, key, old, new, *, ttl=None)\n--\n\nReplaces the value if it is old now; whether it was."),
    METHOD_PLAIN("batch", writer_batch, METH_NOARGS,
                 "batch($self, /)\n--\n\nA Batch of operations, which are written to the transaction together."),
    METHOD("add", writer_add,
           "add($self, /, key, delta=1)\n--\n\nAdds to a counter (8 bytes, little-endian, missing counts as 0) and returns its new value."),
    METHOD("delete_range", writer_delete_range,
           "delete_range($self, /, start=None, stop=None)\n--\n\nDeletes all keys from start to before stop; None is an open bound."),
    METHOD("_commit", writer_commit, "_commit($self, /, *, sync=False)\n--\n\nMakes the writes visible at once; the version."),
    {NULL, NULL, 0, NULL}};

static PyType_Slot writer_slots[] = {{Py_tp_doc, (void*)PyDoc_STR("A transaction that can be written to.")},
                                     {Py_tp_methods, writer_methods},
                                     {Py_mp_ass_subscript, writer_ass_subscript},
                                     {0, NULL}};

static PyType_Spec writer_spec = {"firn._firn.Writer", sizeof(Reader), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, writer_slots};

bool writer_type_add(PyObject* module, ModuleState* state) {
  state->writer_type = type_add(module, &writer_spec, state->reader_type);
  return state->writer_type != NULL;
}
