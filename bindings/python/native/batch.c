/* batch.c: the type Batch: operations gathered in the packed format, and applied in one atomic commit. One thread at a time. */
#include "native.h"

typedef struct Batch {
  PyObject_HEAD Reader* target;
  Packed packed;
  bool is_sync;
  bool is_busy; /* being written without the GIL */
} Batch;

static PyObject* none(void) { return Py_BuildValue(""); }

/* Whether operations can be added or forgotten; otherwise an exception is set. To be asked after all arguments were taken: an exporter of a
 * buffer is Python code, during which another thread can begin to write. */
static bool is_usable(Batch* self) { return !self->is_busy || raise_code(self->target->state, FIRN_MISUSE) != NULL; }

/* The namespace that an operation is for; false: an exception is set. */
static bool operation_namespace(Batch* self, PyObject* namespace, uint32_t* ns) {
  ModuleState* state = self->target->state;
  *ns = self->target->ns;
  if (namespace == NULL || namespace == Py_None) return true;
  if (!PyObject_TypeCheck(namespace, state->reader_type) || ((Reader*)namespace)->db != self->target->db) {
    PyErr_SetString(PyExc_TypeError, "namespace is not a namespace of this database");
    return false;
  }
  *ns = ((Reader*)namespace)->ns;
  return true;
}

static PyObject* batch_put(Batch* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"key", "value", "ttl", "keep_ttl", "namespace"};
  static const Signature signature = {"put", names, 2, 2, 5};
  PyObject* values[5];
  int64_t ttl_ms;
  uint32_t ns;
  Bytes key;
  Bytes value;
  if (!arguments_parse(&signature, args, given, kwnames, values) || !argument_ttl_ms(values[2], &ttl_ms)) return NULL;
  const int is_keeping_ttl = argument_flag(values[3]);
  if (is_keeping_ttl < 0 || !operation_namespace(self, values[4], &ns) || !bytes_take(values[0], &key)) return NULL;
  bool done = false;
  if (bytes_take(values[1], &value)) {
    const uint32_t kind = is_keeping_ttl ? FIRN_OP_PUT_KEEP_TTL : FIRN_OP_PUT;
    LOCKED_BEGIN(self)
      done = is_usable(self) && packed_operation(&self->packed, kind, ns, &key, value.data, value.len, ttl_ms);
    LOCKED_END
    bytes_release(&value);
  }
  bytes_release(&key);
  return done ? none() : NULL;
}

/* An operation on one key, without bytes of a caller as its value. */
static PyObject* key_operation(Batch* self, uint32_t kind, PyObject* key, PyObject* namespace, const int64_t* delta, int64_t ttl_ms) {
  uint32_t ns;
  Bytes bytes;
  if (!operation_namespace(self, namespace, &ns) || !bytes_take(key, &bytes)) return NULL;
  const size_t delta_len = delta == NULL ? 0 : sizeof *delta;
  bool done;
  LOCKED_BEGIN(self)
    done = is_usable(self) && packed_operation(&self->packed, kind, ns, &bytes, (const uint8_t*)delta, delta_len, ttl_ms);
  LOCKED_END
  bytes_release(&bytes);
  return done ? none() : NULL;
}

static PyObject* batch_delete(Batch* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"key", "namespace"};
  static const Signature signature = {"delete", names, 1, 1, 2};
  PyObject* values[2];
  if (!arguments_parse(&signature, args, given, kwnames, values)) return NULL;
  return key_operation(self, FIRN_OP_DELETE, values[0], values[1], NULL, 0);
}

static PyObject* batch_add(Batch* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"key", "delta", "namespace"};
  static const Signature signature = {"add", names, 1, 2, 3};
  PyObject* values[3];
  int64_t delta = 1;
  if (!arguments_parse(&signature, args, given, kwnames, values)) return NULL;
  if (values[1] != NULL && !argument_i64(values[1], &delta)) return NULL;
  return key_operation(self, FIRN_OP_ADD, values[0], values[2], &delta, 0);
}

static PyObject* batch_expect_version(Batch* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"key", "version", "namespace"};
  static const Signature signature = {"expect_version", names, 2, 2, 3};
  PyObject* values[3];
  uint64_t version;
  if (!arguments_parse(&signature, args, given, kwnames, values) || !argument_u64(values[1], 0, &version)) return NULL;
  return key_operation(self, FIRN_OP_EXPECT_VERSION, values[0], values[2], NULL, (int64_t)version);
}

static PyObject* batch_delete_range(Batch* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"start", "stop", "namespace"};
  static const Signature signature = {"delete_range", names, 0, 2, 3};
  PyObject* values[3];
  uint32_t ns;
  if (!arguments_parse(&signature, args, given, kwnames, values) || !operation_namespace(self, values[2], &ns)) return NULL;
  KeyRange range;
  if (!key_range_take(values[0], values[1], &range)) return NULL;
  bool done;
  LOCKED_BEGIN(self)
    done = is_usable(self) && packed_delete_range(&self->packed, ns, &range);
  LOCKED_END
  key_range_release(&range);
  return done ? none() : NULL;
}

static PyObject* batch_clear(Batch* self, PyObject* unused) {
  (void)unused;
  bool done;
  LOCKED_BEGIN(self)
    done = is_usable(self);
    if (done) packed_free(&self->packed);
  LOCKED_END
  return done ? none() : NULL;
}

static PyObject* write_batch(Batch* self, bool is_sync) {
  bool is_written;
  int64_t version = 0;
  LOCKED_BEGIN(self)
    is_written = is_usable(self);
    if (is_written) {
      self->is_busy = true;
      version = reader_write(self->target, self->packed.data, self->packed.len, is_sync);
      self->is_busy = false;
      if (version >= 0) packed_free(&self->packed);
    }
  LOCKED_END
  if (!is_written) return NULL;
  return version >= 0 ? PyLong_FromLongLong(version) : reader_failed(self->target, version);
}

static PyObject* batch_write(Batch* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"sync"};
  static const Signature signature = {"write", names, 0, 0, 1};
  PyObject* values[1];
  if (!arguments_parse(&signature, args, given, kwnames, values)) return NULL;
  const int is_sync = argument_flag(values[0]);
  if (is_sync > 0 && self->target->txn != NULL) {
    PyErr_SetString(PyExc_ValueError, "a batch of a transaction becomes durable with its commit: commit(sync=True), txn(sync=True)");
    return NULL;
  }
  return is_sync < 0 ? NULL : write_batch(self, is_sync || self->is_sync);
}

static PyObject* batch_enter(PyObject* self, PyObject* unused) {
  (void)unused;
  Py_INCREF(self);
  return self;
}

static PyObject* batch_exit(Batch* self, PyObject* const* args, Py_ssize_t given) {
  if (given > 0 && args[0] != Py_None) return batch_clear(self, NULL);
  PyObject* version = write_batch(self, self->is_sync);
  if (version == NULL) return NULL;
  Py_DECREF(version);
  return none();
}

static Py_ssize_t batch_length(Batch* self) {
  size_t count;
  LOCKED_BEGIN(self)
    count = self->packed.count;
  LOCKED_END
  return (Py_ssize_t)count;
}

static PyObject* batch_nbytes(Batch* self, void* closure) {
  (void)closure;
  size_t len;
  LOCKED_BEGIN(self)
    len = self->packed.len;
  LOCKED_END
  return PyLong_FromSize_t(len);
}

static int batch_traverse(Batch* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE((PyObject*)self));
  Py_VISIT((PyObject*)self->target);
  return 0;
}

static void batch_dealloc(Batch* self) {
  PyObject_GC_UnTrack(self);
  packed_free(&self->packed);
  Py_XDECREF((PyObject*)self->target);
  object_free((PyObject*)self);
}

static PyObject* new_batch(Reader* self, bool is_sync) {
  const allocfunc allocate = (allocfunc)PyType_GetSlot(self->state->batch_type, Py_tp_alloc);
  Batch* batch = (Batch*)allocate(self->state->batch_type, 0);
  if (batch == NULL) return NULL;
  Py_INCREF((PyObject*)self);
  batch->target = self;
  batch->is_sync = is_sync;
  return (PyObject*)batch;
}

PyObject* store_batch(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"sync"};
  static const Signature signature = {"batch", names, 0, 0, 1};
  PyObject* values[1];
  if (!arguments_parse(&signature, args, given, kwnames, values)) return NULL;
  const int is_sync = argument_flag(values[0]);
  return is_sync < 0 ? NULL : new_batch(self, is_sync != 0);
}

PyObject* writer_batch(Reader* self, PyObject* unused) {
  (void)unused;
  return new_batch(self, false);
}

static PyMethodDef batch_methods[] = {
    METHOD("put", batch_put, "put($self, /, key, value, *, ttl=None, keep_ttl=False, namespace=None)\n--\n\nStores the value."),
    METHOD("delete", batch_delete, "delete($self, /, key, *, namespace=None)\n--\n\nDeletes the key, if it is there."),
    METHOD("add", batch_add, "add($self, /, key, delta=1, *, namespace=None)\n--\n\nAdds to a counter."),
    METHOD("delete_range", batch_delete_range,
           "delete_range($self, /, start=None, stop=None, *, namespace=None)\n--\n\nDeletes all keys from start to before stop, at most a "
           "million."),
    METHOD("expect_version", batch_expect_version,
           "expect_version($self, /, key, version, *, namespace=None)\n--\n\nUnless the key has this version before the batch (0: it is "
           "absent), the "
           "batch is a ConflictError."),
    METHOD_PLAIN("clear", batch_clear, METH_NOARGS, "clear($self, /)\n--\n\nForgets the operations."),
    METHOD("write", batch_write,
           "write($self, /, *, sync=False)\n--\n\nApplies all operations, or none, and forgets them; the version of the commit; in a "
           "transaction, "
           "how many there were."),
    METHOD_PLAIN("__enter__", batch_enter, METH_NOARGS, "__enter__($self, /)\n--\n\nThe batch."),
    METHOD_PLAIN("__exit__", batch_exit, METH_FASTCALL,
                 "__exit__($self, /, *args)\n--\n\nWrites, unless there was an exception: then it forgets."),
    {NULL, NULL, 0, NULL}};

static PyGetSetDef batch_getset[] = {
    {"nbytes", (getter)(void (*)(void))batch_nbytes, NULL, PyDoc_STR("The memory that the operations take."), NULL},
    {NULL, NULL, NULL, NULL, NULL}};

static PyType_Slot batch_slots[] = {
    {Py_tp_doc, (void*)PyDoc_STR("Operations that are applied together; as a context manager, at its end.")},
    {Py_tp_new, type_not_callable},
    {Py_tp_dealloc, batch_dealloc},
    {Py_tp_traverse, batch_traverse},
    {Py_tp_methods, batch_methods},
    {Py_tp_getset, batch_getset},
    {Py_sq_length, batch_length},
    {0, NULL}};

static PyType_Spec batch_spec = {"firn._firn.Batch", sizeof(Batch), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, batch_slots};

bool batch_type_add(PyObject* module, ModuleState* state) {
  state->batch_type = type_add(module, &batch_spec, NULL);
  return state->batch_type != NULL;
}
