/* database.c: functions of the module that make databases, namespaces and transactions, and that operate a database. */
#include "native.h"

#include <string.h>

static PyObject* none(void) { return Py_BuildValue(""); }

static ModuleState* state_of(PyObject* module) { return (ModuleState*)PyModule_GetState(module); }

Reader* reader_of(PyObject* module, PyObject* object) {
  if (PyObject_TypeCheck(object, state_of(module)->reader_type)) return (Reader*)object;
  PyErr_SetString(PyExc_TypeError, "not an object of a firn database");
  return NULL;
}

static PyTypeObject* class_of(PyObject* object, PyTypeObject* base) {
  if (PyType_Check(object) && PyType_IsSubtype((PyTypeObject*)object, base)) return (PyTypeObject*)object;
  PyErr_SetString(PyExc_TypeError, "not a class of the kind that is made here");
  return NULL;
}

PyObject* path_bytes(PyObject* path) {
  PyObject* bytes;
  return PyUnicode_FSConverter(path, &bytes) ? bytes : NULL;
}

static firn_db* open_path(ModuleState* state, const char* path, PyObject* mapping) {
  firn_options* options = options_from(state, mapping);
  if (options == NULL) return NULL;
  firn_error error = FIRN_ERROR_INIT;
  firn_db* db;
  Py_BEGIN_ALLOW_THREADS
    db = firn_open(path, options, &error);
    firn_options_free(options);
  Py_END_ALLOW_THREADS
  if (db == NULL) raise_error(state, &error);
  return db;
}

/* _open(cls, path, options, commits_block) */
static PyObject* open_database(PyObject* module, PyObject* args) {
  ModuleState* state = state_of(module);
  PyObject* cls_object;
  PyObject* path_object;
  PyObject* options;
  int commits_block;
  if (!PyArg_ParseTuple(args, "OOOp", &cls_object, &path_object, &options, &commits_block)) return NULL;
  PyTypeObject* cls = class_of(cls_object, state->store_type);
  PyObject* path = cls == NULL ? NULL : path_bytes(path_object);
  if (path == NULL) return NULL;
  Reader* self = reader_new(state, cls, NULL);
  firn_db* db = self == NULL ? NULL : open_path(state, PyBytes_AsString(path), options);
  if (db != NULL) {
    self->db = db;
    self->owns_db = true;
    self->is_memory = strcmp(PyBytes_AsString(path), ":memory:") == 0;
    self->commits_block = commits_block != 0;
  } else {
    Py_CLEAR(self);
  }
  Py_DECREF(path);
  return (PyObject*)self;
}

/* _begin(cls, source, flags) */
static PyObject* begin(PyObject* module, PyObject* args) {
  ModuleState* state = state_of(module);
  PyObject* cls_object;
  PyObject* source_object;
  unsigned int flags;
  if (!PyArg_ParseTuple(args, "OOI", &cls_object, &source_object, &flags)) return NULL;
  Reader* source = reader_of(module, source_object);
  PyTypeObject* cls = class_of(cls_object, (flags & FIRN_TXN_READ_ONLY) ? state->reader_type : state->writer_type);
  if (source == NULL || cls == NULL) return NULL;
  firn_error error = FIRN_ERROR_INIT;
  firn_txn* txn = firn_txn_begin(source->db, flags, &error);
  if (txn == NULL) return raise_error(state, &error);
  Reader* self = reader_new(state, cls, source);
  if (self == NULL) {
    firn_txn_close(txn);
    return NULL;
  }
  self->txn = txn;
  self->owns_txn = true;
  return (PyObject*)self;
}

/* _enter(cls, source, namespace id): the same place, in another namespace */
static PyObject* enter(PyObject* module, PyObject* args) {
  PyObject* cls_object;
  PyObject* source_object;
  unsigned int ns;
  if (!PyArg_ParseTuple(args, "OOI", &cls_object, &source_object, &ns)) return NULL;
  Reader* source = reader_of(module, source_object);
  PyTypeObject* cls = source == NULL ? NULL : class_of(cls_object, state_of(module)->reader_type);
  Reader* self = cls == NULL ? NULL : reader_new(state_of(module), cls, source);
  if (self != NULL) self->ns = ns;
  return (PyObject*)self;
}

/* _namespace_open(source, name, flags): its id */
static PyObject* namespace_open(PyObject* module, PyObject* args) {
  PyObject* source_object;
  PyObject* name;
  unsigned int flags;
  Bytes bytes;
  if (!PyArg_ParseTuple(args, "OOI", &source_object, &name, &flags)) return NULL;
  Reader* source = reader_of(module, source_object);
  if (source == NULL || !bytes_take(name, &bytes)) return NULL;
  int64_t id;
  Py_BEGIN_ALLOW_THREADS
    id = firn_ns_open(source->db, bytes.data, bytes.len, flags);
  Py_END_ALLOW_THREADS
  bytes_release(&bytes);
  if (id >= 0) return PyLong_FromLongLong(id);
  return id == FIRN_NOT_FOUND ? raise_key_missing(source->state, name) : reader_failed(source, id);
}

static PyObject* namespace_drop(PyObject* module, PyObject* object) {
  Reader* self = reader_of(module, object);
  if (self == NULL) return NULL;
  int32_t code;
  Py_BEGIN_ALLOW_THREADS
    code = firn_ns_drop(self->db, self->ns);
  Py_END_ALLOW_THREADS
  return code == FIRN_OK ? none() : reader_failed(self, code);
}

static PyObject* names_as_list(const uint8_t* at, size_t len) {
  PyObject* list = PyList_New(0);
  const uint8_t* end = at + len;
  while (list != NULL && at < end) {
    uint32_t header[2];
    memcpy(header, at, sizeof header);
    at += sizeof header;
    PyObject* name = PyBytes_FromStringAndSize((const char*)at, (Py_ssize_t)header[1]);
    at += header[1];
    if (name == NULL || PyList_Append(list, name) < 0) Py_CLEAR(list);
    Py_XDECREF(name);
  }
  return list;
}

static PyObject* namespace_names(PyObject* module, PyObject* object) {
  Reader* self = reader_of(module, object);
  if (self == NULL) return NULL;
  Packed packed = {0};
  PyObject* list = NULL;
  for (size_t wanted = 4096;;) {
    if (!packed_reserve(&packed, wanted)) break;
    const int64_t needed = firn_ns_list(self->db, packed.data, packed.cap);
    if (needed >= 0 && (size_t)needed > packed.cap) {
      wanted = (size_t)needed;
      continue;
    }
    list = needed < 0 ? reader_failed(self, needed) : names_as_list(packed.data, (size_t)needed);
    break;
  }
  packed_free(&packed);
  return list;
}

PyObject* run_released(PyObject* module, PyObject* object, int32_t (*call)(firn_db* db)) {
  Reader* self = reader_of(module, object);
  if (self == NULL) return NULL;
  int32_t code;
  Py_BEGIN_ALLOW_THREADS
    code = call(self->db);
  Py_END_ALLOW_THREADS
  return code == FIRN_OK ? none() : reader_failed(self, code);
}

/* Calls that wait for the disk, one function each. */
static PyObject* sync_database(PyObject* module, PyObject* object) { return run_released(module, object, firn_sync); }
static PyObject* flush_database(PyObject* module, PyObject* object) { return run_released(module, object, firn_flush); }
static PyObject* compact_database(PyObject* module, PyObject* object) { return run_released(module, object, firn_compact); }

static PyObject* run_jobs(PyObject* module, PyObject* args) {
  PyObject* object;
  int max_ms;
  if (!PyArg_ParseTuple(args, "Oi", &object, &max_ms)) return NULL;
  Reader* self = reader_of(module, object);
  if (self == NULL) return NULL;
  int32_t code;
  Py_BEGIN_ALLOW_THREADS
    code = firn_run_jobs(self->db, max_ms);
  Py_END_ALLOW_THREADS
  return code >= 0 ? PyBool_FromLong(code) : reader_failed(self, code);
}

PyObject* recovery_as_tuple(const firn_recovery_info* info) {
  return Py_BuildValue("NKKKNK", PyBool_FromLong(info->clean), (unsigned long long)info->records_replayed,
                       (unsigned long long)info->bytes_replayed, (unsigned long long)info->bytes_dropped,
                       PyUnicode_DecodeFSDefault(info->dropped_file), (unsigned long long)info->dropped_offset);
}

static PyObject* recovery(PyObject* module, PyObject* object) {
  Reader* self = reader_of(module, object);
  if (self == NULL) return NULL;
  firn_recovery_info info = FIRN_RECOVERY_INFO_INIT;
  const int32_t code = firn_recovery(self->db, &info);
  if (code != FIRN_OK) return reader_failed(self, code);
  return recovery_as_tuple(&info);
}

/* The last error of background work, as an exception, or None. */
static PyObject* last_error(PyObject* module, PyObject* object) {
  Reader* self = reader_of(module, object);
  if (self == NULL) return NULL;
  firn_error error = FIRN_ERROR_INIT;
  return last_error_as_object(self->state, firn_db_error(self->db, &error), &error);
}

static PyObject* transaction_version(PyObject* module, PyObject* object) {
  Reader* self = reader_of(module, object);
  if (self == NULL) return NULL;
  if (reader_is_closed(self)) return raise_code(self->state, FIRN_CLOSED); /* the engine answers 0 */
  return PyLong_FromUnsignedLongLong(firn_txn_version(self->txn));
}

static PyObject* check_path(PyObject* module, PyObject* path_object) {
  PyObject* path = path_bytes(path_object);
  if (path == NULL) return NULL;
  firn_error error = FIRN_ERROR_INIT;
  int32_t code;
  Py_BEGIN_ALLOW_THREADS
    code = firn_check(PyBytes_AsString(path), &error);
  Py_END_ALLOW_THREADS
  Py_DECREF(path);
  return code == FIRN_OK ? none() : raise_error(state_of(module), &error);
}

static PyObject* note_fork(PyObject* module, PyObject* unused) {
  (void)module;
  (void)unused;
  ++fork_count;
  return none();
}

PyMethodDef database_functions[] = {
    {"open_database", open_database, METH_VARARGS, PyDoc_STR("open_database(cls, path, options, commits_block, /)\n--\n\nA database.")},
    {"begin", begin, METH_VARARGS, PyDoc_STR("begin(cls, source, flags, /)\n--\n\nA transaction or a snapshot.")},
    {"enter", enter, METH_VARARGS, PyDoc_STR("enter(cls, source, namespace_id, /)\n--\n\nThe same place in another namespace.")},
    {"namespace_open", namespace_open, METH_VARARGS, PyDoc_STR("namespace_open(source, name, flags, /)\n--\n\nThe id of a namespace.")},
    {"namespace_drop", namespace_drop, METH_O, PyDoc_STR("namespace_drop(namespace, /)\n--\n\nClears a namespace and forgets its name.")},
    {"namespace_names", namespace_names, METH_O, PyDoc_STR("namespace_names(source, /)\n--\n\nThe names of all namespaces.")},
    {"sync", sync_database, METH_O, PyDoc_STR("sync(source, /)\n--\n\nMakes everything acknowledged durable.")},
    {"flush", flush_database, METH_O, PyDoc_STR("flush(source, /)\n--\n\nWrites the memtables to tables.")},
    {"compact", compact_database, METH_O, PyDoc_STR("compact(source, /)\n--\n\nBrings the database into its smallest form.")},
    {"run_jobs", run_jobs, METH_VARARGS, PyDoc_STR("run_jobs(source, max_ms, /)\n--\n\nBackground work of a single-threaded database.")},
    {"recovery", recovery, METH_O, PyDoc_STR("recovery(source, /)\n--\n\nWhat opening found.")},
    {"last_error", last_error, METH_O, PyDoc_STR("last_error(source, /)\n--\n\nThe last error of background work, or None.")},
    {"transaction_version", transaction_version, METH_O,
     PyDoc_STR("transaction_version(transaction, /)\n--\n\nThe last commit that it sees.")},
    {"check", check_path, METH_O, PyDoc_STR("check(path, /)\n--\n\nVerifies a database that no one has open for writing.")},
    {"note_fork", note_fork, METH_NOARGS, PyDoc_STR("note_fork()\n--\n\nCalled in the child of a fork.")},
    {NULL, NULL, 0, NULL}};
