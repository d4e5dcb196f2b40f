/*
 * reader.c: the type Reader: looking up, in a database, a namespace or a transaction. A look-up keeps the GIL: it costs less than giving it
 * up and taking it again. `_get_released` is there for threads that read for an event loop.
 */
#include "native.h"

/* Values up to here are read into the stack and copied once more; longer ones are pinned and copied once. */
#define SMALL_VALUE_BYTES_MAX 1024

int64_t reader_read(Reader* self, const Bytes* key, uint8_t* buf, size_t cap, firn_entry* entry) {
  if (self->txn != NULL) {
    if (entry != NULL) return firn_txn_get_entry(self->txn, self->ns, key->data, key->len, buf, cap, entry);
    return firn_txn_get(self->txn, self->ns, key->data, key->len, buf, cap);
  }
  if (entry != NULL) return firn_get_entry(self->db, self->ns, key->data, key->len, buf, cap, entry);
  return firn_get(self->db, self->ns, key->data, key->len, buf, cap);
}

static int32_t pin_value(Reader* self, const Bytes* key, firn_pin_t* pin) {
  return self->txn != NULL ? firn_txn_pin(self->txn, self->ns, key->data, key->len, pin)
                           : firn_pin(self->db, self->ns, key->data, key->len, pin);
}

bool reader_is_closed(const Reader* self) {
  for (; self != NULL; self = self->source)
    if (self->is_closed) return true;
  return false;
}

bool reader_is_over(const Reader* self) {
  for (; self != NULL; self = self->source)
    if (self->is_closed || self->is_committed) return true;
  return false;
}

/* A long value: of its version and expiry and its bytes, one may be newer than the other; so both are read until they agree. */
static PyObject* long_value(Reader* self, const Bytes* key, firn_entry* entry, int64_t* code) {
  for (;;) {
    firn_pin_t pin;
    *code = pin_value(self, key, &pin);
    if (*code != FIRN_OK) break;
    int64_t found = 0;
    if (entry != NULL) found = reader_read(self, key, NULL, 0, entry);
    if (found >= 0 && (entry == NULL || entry->version == pin.version)) {
      PyObject* value = PyBytes_FromStringAndSize((const char*)pin.data, (Py_ssize_t)pin.len);
      firn_unpin(&pin);
      return value;
    }
    firn_unpin(&pin);
    *code = found;
    if (found < 0) break;
  }
  if (*code == FIRN_NOT_FOUND) return NULL;
  return reader_failed(self, *code);
}

PyObject* reader_value(Reader* self, const Bytes* key, firn_entry* entry, int64_t* code) {
  uint8_t small[SMALL_VALUE_BYTES_MAX];
  *code = reader_read(self, key, small, sizeof small, entry);
  if (*code > (int64_t)sizeof small) return long_value(self, key, entry, code);
  if (*code >= 0) return PyBytes_FromStringAndSize((const char*)small, (Py_ssize_t)*code);
  if (*code == FIRN_NOT_FOUND) return NULL;
  return reader_failed(self, *code);
}

static PyObject* value_of(Reader* self, PyObject* key, int64_t* code) {
  Bytes bytes;
  *code = FIRN_OK;
  if (!bytes_take(key, &bytes)) return NULL;
  PyObject* value = reader_value(self, &bytes, NULL, code);
  bytes_release(&bytes);
  return value;
}

static PyObject* new_reference(PyObject* object) {
  if (object == NULL) object = Py_None;
  Py_INCREF(object);
  return object;
}

static PyObject* reader_get(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"key", "default"};
  static const Signature signature = {"get", names, 1, 2, 2};
  PyObject* values[2];
  if (!arguments_parse(&signature, args, given, kwnames, values)) return NULL;
  int64_t code;
  PyObject* value = value_of(self, values[0], &code);
  return value == NULL && code == FIRN_NOT_FOUND ? new_reference(values[1]) : value;
}

void touch_pages(const uint8_t* data, size_t len) {
  volatile uint8_t page = 0;
  for (size_t i = 0; i < len; i += 4096) page = data[i];
  if (len > 0) page = data[len - 1];
  (void)page;
}

static PyObject* reader_get_released(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"key", "default"};
  static const Signature signature = {"_get_released", names, 1, 2, 2};
  PyObject* values[2];
  Bytes key;
  if (!arguments_parse(&signature, args, given, kwnames, values) || !bytes_take(values[0], &key)) return NULL;
  firn_pin_t pin;
  int64_t code;
  Py_BEGIN_ALLOW_THREADS
    code = pin_value(self, &key, &pin);
    if (code == FIRN_OK) touch_pages(pin.data, pin.len);
  Py_END_ALLOW_THREADS
  bytes_release(&key);
  if (code == FIRN_NOT_FOUND) return new_reference(values[1]);
  if (code != FIRN_OK) return reader_failed(self, code);
  PyObject* value = PyBytes_FromStringAndSize((const char*)pin.data, (Py_ssize_t)pin.len);
  firn_unpin(&pin);
  return value;
}

static PyObject* reader_subscript(Reader* self, PyObject* key) {
  int64_t code;
  PyObject* value = value_of(self, key, &code);
  return value == NULL && code == FIRN_NOT_FOUND ? raise_key_missing(self->state, key) : value;
}

static int reader_contains(Reader* self, PyObject* key) {
  Bytes bytes;
  if (!bytes_take(key, &bytes)) return -1;
  const int32_t code = self->txn != NULL ? firn_txn_exists(self->txn, self->ns, bytes.data, bytes.len)
                                         : firn_exists(self->db, self->ns, bytes.data, bytes.len);
  bytes_release(&bytes);
  if (code >= 0) return code;
  reader_failed(self, code);
  return -1;
}

static PyObject* reader_get_into(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"key", "buffer"};
  static const Signature signature = {"get_into", names, 2, 2, 2};
  PyObject* values[2];
  Bytes key;
  Py_buffer buffer;
  if (!arguments_parse(&signature, args, given, kwnames, values)) return NULL;
  if (PyObject_GetBuffer(values[1], &buffer, PyBUF_WRITABLE) < 0) return NULL;
  if (!bytes_take(values[0], &key)) {
    PyBuffer_Release(&buffer);
    return NULL;
  }
  const int64_t length = reader_read(self, &key, buffer.buf, (size_t)buffer.len, NULL);
  bytes_release(&key);
  PyBuffer_Release(&buffer);
  if (length >= 0) return PyLong_FromLongLong(length);
  return length == FIRN_NOT_FOUND ? new_reference(NULL) : reader_failed(self, length);
}

static PyObject* reader_entry(Reader* self, PyObject* key) {
  Bytes bytes;
  if (!bytes_take(key, &bytes)) return NULL;
  firn_entry entry = FIRN_ENTRY_INIT;
  int64_t code = FIRN_OK;
  PyObject* value = reader_value(self, &bytes, &entry, &code);
  bytes_release(&bytes);
  if (value == NULL) return code == FIRN_NOT_FOUND ? new_reference(NULL) : NULL;
  return Py_BuildValue("NKL", value, (unsigned long long)entry.version, (long long)entry.expiry_ms);
}

/* ---- The object */

/* Whether this is the first to close what the object owns. Under its lock: whoever takes a descriptor finds it open to the end, or closed. */
static bool is_first_to_close(Reader* self) {
  bool is_first = false;
  LOCKED_BEGIN(self)
    if (self->owns_db || self->owns_txn) is_first = !atomic_exchange(&self->is_closed, true);
  LOCKED_END
  return is_first;
}

static PyObject* reader_close(Reader* self, PyObject* unused) {
  (void)unused;
  if (!is_first_to_close(self)) return new_reference(NULL);
  if (self->owns_db) {
    int32_t code;
    Py_BEGIN_ALLOW_THREADS
      code = firn_close(self->db);
    Py_END_ALLOW_THREADS
    return code == FIRN_OK || code == FIRN_CLOSED ? new_reference(NULL) : reader_failed(self, code);
  }
  if (self->owns_txn) {
    Py_BEGIN_ALLOW_THREADS
      firn_txn_close(self->txn);
    Py_END_ALLOW_THREADS
  }
  return new_reference(NULL);
}

static PyObject* reader_closed(Reader* self, void* closure) {
  (void)closure;
  return PyBool_FromLong(reader_is_closed(self));
}

static PyObject* reader_namespace_id(Reader* self, void* closure) {
  (void)closure;
  return PyLong_FromUnsignedLong(self->ns);
}

static int reader_traverse(Reader* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE((PyObject*)self));
  Py_VISIT((PyObject*)self->source);
  return 0;
}

static int reader_clear(Reader* self) {
  PyObject* source = (PyObject*)self->source;
  self->source = NULL;
  Py_XDECREF(source);
  return 0;
}

/* A database that nobody closed says so, as a file does. */
static void reader_finalize(Reader* self) {
  if (!self->owns_db || self->is_closed || self->is_memory || self->fork_count != fork_count) return;
  warn_unclosed((PyObject*)self, "a firn database was not closed: use it as a context manager");
}

static void reader_dealloc(Reader* self) {
  PyObject_GC_UnTrack(self);
  if (self->owns_txn) firn_txn_close(self->txn);
  if (self->owns_db && !self->is_closed) {
    Py_BEGIN_ALLOW_THREADS
      firn_close(self->db);
    Py_END_ALLOW_THREADS
  }
  Py_CLEAR(self->source);
  object_free((PyObject*)self);
}

Reader* reader_new(ModuleState* state, PyTypeObject* cls, Reader* source) {
  const allocfunc allocate = (allocfunc)PyType_GetSlot(cls, Py_tp_alloc);
  Reader* self = (Reader*)allocate(cls, 0);
  if (self == NULL) return NULL;
  self->state = state;
  self->fork_count = fork_count;
  if (source != NULL) {
    self->db = source->db;
    self->txn = source->txn;
    self->ns = source->ns;
    self->commits_block = source->commits_block;
    self->source = source;
    Py_INCREF((PyObject*)source);
  }
  return self;
}

static PyMethodDef reader_methods[] = {
    METHOD("get", reader_get,
           "get($self, /, key, default=None)\n--\n\nThe value of key, or default when it is not there. Any buffer serves as a key."),
    METHOD("_get_released", reader_get_released,
           "_get_released($self, /, key, default=None)\n--\n\nAs get, without the GIL while it looks: for threads that read for an event "
           "loop."),
    METHOD("get_into", reader_get_into,
           "get_into($self, /, key, buffer)\n--\n\nCopies the value into a writable buffer and returns its length, or None when the key is "
           "not "
           "there.\n\nA value that is longer than the buffer is not copied; its length is returned all the same."),
    METHOD(
        "get_many", reader_get_many,
        "get_many($self, /, keys, default=None)\n--\n\nThe values of many keys, in their order, as a list; default stands for what is not "
        "there.\n\nAll of them are read in one snapshot and one crossing."),
    METHOD_PLAIN(
        "pin", reader_pin, METH_O,
        "pin($self, key, /)\n--\n\nThe value as a read-only memoryview into the engine, without a copy.\n\nIt stays readable, and keeps "
        "its file alive, until it is released; use it as a context manager. A missing key raises NotFoundError."),
    METHOD_PLAIN(
        "pin_many", reader_pin_many, METH_O,
        "pin_many($self, keys, /)\n--\n\nThe values of many keys, in their order, as a list of such memoryviews; None stands for what "
        "is not there.\n\nAll of them are of one snapshot and one crossing, and share one pin, which is held until the last of them is "
        "released."),
    METHOD_PLAIN("_entry", reader_entry, METH_O, "_entry($self, key, /)\n--\n\n(value, version, expiry in ms or 0), or None."),
    METHOD("_scan", reader_scan,
           "_scan($self, /, kind, start=None, stop=None, prefix=None, reverse=False, limit=None, glob=None)\n--\n\nAn Iterator. kind: 0 "
           "keys, 1 "
           "values, 2 items, 3 (key, value, version, expiry in ms)."),
    METHOD("_count", reader_count,
           "_count($self, /, kind, start=None, stop=None, prefix=None, reverse=False, limit=None, glob=None)\n--\n\nHow many keys such a "
           "scan would "
           "give."),
    METHOD_PLAIN("close", reader_close, METH_NOARGS,
                 "close($self, /)\n--\n\nCloses it; a second time does nothing. What uses it afterwards raises ClosedError."),
    {NULL, NULL, 0, NULL}};

static PyGetSetDef reader_getset[] = {
    {"closed", (getter)(void (*)(void))reader_closed, NULL, PyDoc_STR("Whether it, or what it was made from, was closed."), NULL},
    {"_namespace_id", (getter)(void (*)(void))reader_namespace_id, NULL, PyDoc_STR("The number of the namespace in the engine."), NULL},
    {NULL, NULL, NULL, NULL, NULL}};

static PyType_Slot reader_slots[] = {{Py_tp_doc, (void*)PyDoc_STR("Something that keys can be looked up in.")},
                                     {Py_tp_new, type_not_callable},
                                     {Py_tp_dealloc, reader_dealloc},
                                     {Py_tp_finalize, reader_finalize},
                                     {Py_tp_traverse, reader_traverse},
                                     {Py_tp_clear, reader_clear},
                                     {Py_tp_methods, reader_methods},
                                     {Py_tp_getset, reader_getset},
                                     {Py_mp_subscript, reader_subscript},
                                     {Py_sq_contains, reader_contains},
                                     {0, NULL}};

static PyType_Spec reader_spec = {"firn._firn.Reader", sizeof(Reader), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
                                  reader_slots};

bool reader_type_add(PyObject* module, ModuleState* state) {
  state->reader_type = type_add(module, &reader_spec, NULL);
  return state->reader_type != NULL;
}
