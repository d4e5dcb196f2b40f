/*
 * store.c: the type Store: writing to a database or to a namespace of it, one atomic commit a call.
 * Calls that the engine can refuse to block in (put, delete, put_many) are tried with the GIL first; the others give it up.
 */
#include "native.h"

static PyObject* none(void) { return Py_BuildValue(""); }

/* A code of a write as None or as an exception. */
static PyObject* written(Reader* self, int64_t code, PyObject* key) {
  if (code >= 0) return none();
  return code == FIRN_NOT_FOUND ? raise_key_missing(self->state, key) : reader_failed(self, code);
}

static int64_t put_bytes(Reader* self, const Bytes* key, const Bytes* value, firn_put_opts* opts) {
  int64_t version = FIRN_WOULD_BLOCK;
  if (!self->commits_block && (opts->flags & FIRN_SYNC) == 0 && value->len <= GIL_BYTES_MAX) {
    opts->flags |= FIRN_NO_BLOCK;
    version = firn_put_ex(self->db, self->ns, key->data, key->len, value->data, value->len, opts);
    opts->flags &= ~FIRN_NO_BLOCK;
  }
  if (version != FIRN_WOULD_BLOCK) return version;
  Py_BEGIN_ALLOW_THREADS
    version = firn_put_ex(self->db, self->ns, key->data, key->len, value->data, value->len, opts);
  Py_END_ALLOW_THREADS
  return version;
}

static int64_t put_objects(Reader* self, PyObject* key, PyObject* value, firn_put_opts* opts, bool* is_raised) {
  Bytes key_bytes;
  Bytes value_bytes;
  *is_raised = true;
  if (!bytes_take(key, &key_bytes)) return FIRN_INVALID;
  int64_t version = FIRN_INVALID;
  if (bytes_take(value, &value_bytes)) {
    *is_raised = false;
    version = put_bytes(self, &key_bytes, &value_bytes, opts);
    bytes_release(&value_bytes);
  }
  bytes_release(&key_bytes);
  return version;
}

/* The options of put beyond key and value. */
enum { kTtl = 2, kIfAbsent, kIfPresent, kIfVersion, kKeepTtl, kSync, kPutCount };

static bool put_options(PyObject** values, firn_put_opts* opts) {
  static const struct {
    int at;
    uint32_t flag;
  } flags[] = {{kIfAbsent, FIRN_IF_ABSENT}, {kIfPresent, FIRN_IF_PRESENT}, {kKeepTtl, FIRN_KEEP_TTL}, {kSync, FIRN_SYNC}};
  for (size_t i = 0; i < sizeof flags / sizeof flags[0]; ++i) {
    const int is_set = argument_flag(values[flags[i].at]);
    if (is_set < 0) return false;
    if (is_set) opts->flags |= flags[i].flag;
  }
  if (values[kIfVersion] != NULL && values[kIfVersion] != Py_None) {
    if (!argument_u64(values[kIfVersion], 0, &opts->if_version)) return false;
    opts->flags |= FIRN_IF_VERSION;
  }
  return argument_ttl_ms(values[kTtl], &opts->ttl_ms);
}

static PyObject* store_put(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"key", "value", "ttl", "if_absent", "if_present", "if_version", "keep_ttl", "sync"};
  static const Signature signature = {"put", names, 2, 2, kPutCount};
  PyObject* values[kPutCount];
  firn_put_opts opts = FIRN_PUT_OPTS_INIT;
  bool is_raised;
  if (!arguments_parse(&signature, args, given, kwnames, values)) return NULL;
  if (kwnames != NULL && !put_options(values, &opts)) return NULL;
  const int64_t version = put_objects(self, values[0], values[1], &opts, &is_raised);
  if (version >= 0) return PyLong_FromLongLong(version);
  if (is_raised) return NULL;
  return version == FIRN_NOT_FOUND ? raise_key_missing(self->state, values[0]) : reader_failed(self, version);
}

/* For event loops: what would wait is not done. */
static PyObject* store_put_now(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"key", "value", "ttl"};
  static const Signature signature = {"_put_now", names, 2, 3, 3};
  PyObject* values[3];
  Bytes key;
  Bytes value;
  firn_put_opts opts = FIRN_PUT_OPTS_INIT;
  opts.flags = FIRN_NO_BLOCK;
  if (!arguments_parse(&signature, args, given, kwnames, values) || !argument_ttl_ms(values[2], &opts.ttl_ms)) return NULL;
  if (self->commits_block) return raise_code(self->state, FIRN_WOULD_BLOCK);
  if (!bytes_take(values[0], &key)) return NULL;
  int64_t version = FIRN_INVALID;
  const bool is_taken = bytes_take(values[1], &value);
  if (is_taken) {
    version = firn_put_ex(self->db, self->ns, key.data, key.len, value.data, value.len, &opts);
    bytes_release(&value);
  }
  bytes_release(&key);
  if (version >= 0) return PyLong_FromLongLong(version);
  return is_taken ? reader_failed(self, version) : NULL;
}

static PyObject* store_put_many(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"items", "ttl", "sync"};
  static const Signature signature = {"put_many", names, 1, 1, 3};
  PyObject* values[3];
  if (!arguments_parse(&signature, args, given, kwnames, values)) return NULL;
  const int is_sync = argument_flag(values[2]);
  return is_sync < 0 ? NULL : reader_put_pairs(self, values[0], values[1], is_sync != 0);
}

/* ---- Deleting */

static int64_t delete_bytes(Reader* self, const Bytes* key) {
  Packed packed = {0};
  int64_t version = FIRN_NO_MEMORY;
  if (packed_operation(&packed, FIRN_OP_DELETE, self->ns, key, NULL, 0, 0)) version = reader_write(self, packed.data, packed.len, false);
  packed_free(&packed);
  return version;
}

static PyObject* store_delete(Reader* self, PyObject* key) {
  Bytes bytes;
  if (!bytes_take(key, &bytes)) return NULL;
  const int64_t code = delete_bytes(self, &bytes);
  bytes_release(&bytes);
  return PyErr_Occurred() ? NULL : written(self, code, key);
}

/* Deletes the key if it still has the version: else FIRN_CONFLICT. */
static int64_t remove_version(Reader* self, const Bytes* key, uint64_t version) {
  Packed packed = {0};
  int64_t code = FIRN_NO_MEMORY;
  if (packed_operation(&packed, FIRN_OP_EXPECT_VERSION, self->ns, key, NULL, 0, (int64_t)version) &&
      packed_operation(&packed, FIRN_OP_DELETE, self->ns, key, NULL, 0, 0))
    code = reader_write(self, packed.data, packed.len, false);
  packed_free(&packed);
  return code;
}

static PyObject* store_remove(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"key", "version"};
  static const Signature signature = {"_remove", names, 2, 2, 2};
  PyObject* values[2];
  uint64_t version;
  Bytes key;
  if (!arguments_parse(&signature, args, given, kwnames, values) || !argument_u64(values[1], 0, &version)) return NULL;
  if (!bytes_take(values[0], &key)) return NULL;
  const int64_t code = remove_version(self, &key, version);
  bytes_release(&key);
  if (PyErr_Occurred()) return NULL;
  if (code >= 0 || code == FIRN_CONFLICT) return PyBool_FromLong(code >= 0);
  return reader_failed(self, code);
}

/* del store[key]: of several that delete one key, one succeeds. */
static int delete_present(Reader* self, PyObject* key) {
  Bytes bytes;
  if (!bytes_take(key, &bytes)) return -1;
  int64_t code;
  do {
    firn_entry entry = FIRN_ENTRY_INIT;
    code = reader_read(self, &bytes, NULL, 0, &entry);
    if (code >= 0) code = remove_version(self, &bytes, entry.version);
  } while (code == FIRN_CONFLICT);
  bytes_release(&bytes);
  if (code >= 0) return 0;
  if (!PyErr_Occurred()) written(self, code, key);
  return -1;
}

static int store_ass_subscript(Reader* self, PyObject* key, PyObject* value) {
  if (value == NULL) return delete_present(self, key);
  firn_put_opts opts = FIRN_PUT_OPTS_INIT;
  bool is_raised;
  const int64_t version = put_objects(self, key, value, &opts, &is_raised);
  if (version >= 0) return 0;
  if (!is_raised) reader_failed(self, version);
  return -1;
}

static PyObject* store_delete_range(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"start", "stop", "limit"};
  static const Signature signature = {"delete_range", names, 0, 2, 3};
  PyObject* values[3];
  Bytes start;
  Bytes stop;
  uint64_t limit;
  if (!arguments_parse(&signature, args, given, kwnames, values) || !argument_u64(values[2], 0, &limit)) return NULL;
  if (!bytes_take_optional(values[0], &start)) return NULL;
  if (!bytes_take_optional(values[1], &stop)) {
    bytes_release(&start);
    return NULL;
  }
  const bool is_stop = values[1] != NULL && values[1] != Py_None;
  int64_t count = 0;
  if (!is_stop || stop.len > 0) { /* nothing is before the empty key */
    Py_BEGIN_ALLOW_THREADS
      count = firn_delete_range(self->db, self->ns, start.len > 0 ? start.data : NULL, start.len, stop.data, stop.len, limit);
    Py_END_ALLOW_THREADS
  }
  bytes_release(&start);
  bytes_release(&stop);
  return count >= 0 ? PyLong_FromLongLong(count) : reader_failed(self, count);
}

static PyObject* store_clear(Reader* self, PyObject* unused) {
  (void)unused;
  int32_t code;
  Py_BEGIN_ALLOW_THREADS
    code = firn_ns_clear(self->db, self->ns);
  Py_END_ALLOW_THREADS
  return written(self, code, NULL);
}

static PyMethodDef store_methods[] = {
    METHOD(
        "put", store_put,
        "put($self, /, key, value, *, ttl=None, if_absent=False, if_present=False, if_version=None, keep_ttl=False, "
        "sync=False)\n--\n\nStores the "
        "value and returns the version of the commit.\n\nttl is in seconds, or a timedelta. if_absent: else ExistsError; if_present: else "
        "NotFoundError; if_version: the\nentry has this version (0: it is absent), else ConflictError. keep_ttl: the expiry stays. sync: "
        "durable "
        "when it returns."),
    METHOD("_put_now", store_put_now,
           "_put_now($self, /, key, value, ttl=None)\n--\n\nAs put, but raises WouldBlockError instead of waiting: for event loops."),
    METHOD("put_many", store_put_many,
           "put_many($self, /, items, *, ttl=None, sync=False)\n--\n\nStores all pairs of a mapping or an iterable in one atomic commit; "
           "its version."),
    METHOD_PLAIN("delete", store_delete, METH_O, "delete($self, key, /)\n--\n\nDeletes the key, if it is there."),
    METHOD("_remove", store_remove, "_remove($self, /, key, version)\n--\n\nDeletes the key if it still has the version; whether it had."),
    METHOD("delete_range", store_delete_range,
           "delete_range($self, /, start=None, stop=None, *, limit=None)\n--\n\nDeletes all keys from start to before stop in one atomic "
           "commit; how "
           "many.\n\nMore than limit (a million unless told) is TooLargeError, and nothing is deleted."),
    METHOD_PLAIN("clear", store_clear, METH_NOARGS, "clear($self, /)\n--\n\nRemoves all keys of this namespace, at once, however many."),
    METHOD("batch", store_batch,
           "batch($self, /, *, sync=False)\n--\n\nA Batch of operations; as a context manager it is written at the end."),
    METHOD("add", store_add,
           "add($self, /, key, delta=1)\n--\n\nAdds to a counter (8 bytes, little-endian, missing counts as 0) and returns its new value."),
    METHOD("swap", store_swap, "swap($self, /, key, value)\n--\n\nStores the value and returns the one before, or None. The expiry stays."),
    METHOD("compare_swap", store_compare_swap,
           "compare_swap($self, /, key, old, new, *, ttl=None)\n--\n\nReplaces the value if it is old now; whether it was."),
    METHOD("expire", store_expire,
           "expire($self, /, key, ttl)\n--\n\nThe key goes away after ttl seconds. NotFoundError when it is not there."),
    METHOD_PLAIN("persist", store_persist, METH_O,
                 "persist($self, key, /)\n--\n\nThe key stays for ever. NotFoundError when it is not there."),
    METHOD_PLAIN(
        "ttl", store_ttl, METH_O,
        "ttl($self, key, /)\n--\n\nThe seconds that are left to the key, None when it never expires. NotFoundError when it is not there."),
    {NULL, NULL, 0, NULL}};

static PyType_Slot store_slots[] = {{Py_tp_doc, (void*)PyDoc_STR("A database, or a namespace of it, that can be written to.")},
                                    {Py_tp_methods, store_methods},
                                    {Py_mp_ass_subscript, store_ass_subscript},
                                    {0, NULL}};

static PyType_Spec store_spec = {"firn._firn.Store", sizeof(Reader), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, store_slots};

bool store_type_add(PyObject* module, ModuleState* state) {
  state->store_type = type_add(module, &store_spec, state->reader_type);
  return state->store_type != NULL;
}
