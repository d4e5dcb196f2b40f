/*
 * log.c: the type RecordLog: a durable log of records with dense indexes. Reading keeps the GIL, as a look-up does; everything that can wait (appending, which
 * may have to make a new segment, too) gives it up. Any thread at any time.
 */
#include <string.h>

#include "native.h"

#define SMALL_RECORD_BYTES_MAX 1024
#define CHUNK_BYTES_FIRST ((size_t)64 * 1024)
#define CHUNK_RECORD_HEADER_BYTES ((size_t)20)

typedef struct RecordLog {
  PyObject_HEAD ModuleState* state;
  firn_log* log;
  uint64_t fork_count;
  atomic_bool is_closed;
} RecordLog;

static PyObject* none(void) { return Py_BuildValue(""); }

/* The exception of a call, with what the log has kept about the failure of its disk. */
static PyObject* log_failed(RecordLog* self, int64_t code) {
  firn_error cause = FIRN_ERROR_INIT;
  if (code_is_of_disk(code)) firn_log_error(self->log, &cause);
  return raise_with_cause(self->state, code, &cause);
}

static PyObject* answered(RecordLog* self, int64_t code) { return code >= 0 ? none() : log_failed(self, code); }

static PyObject* numbered(RecordLog* self, int64_t number) { return number >= 0 ? PyLong_FromLongLong(number) : log_failed(self, number); }

static PyObject* record_missing(RecordLog* self, PyObject* index) {
  PyErr_SetObject(self->state->record_missing, index);
  return NULL;
}

/* ---- Appending */

static PyObject* log_append(RecordLog* self, PyObject* data) {
  Bytes bytes;
  if (!bytes_take(data, &bytes)) return NULL;
  int64_t index;
  Py_BEGIN_ALLOW_THREADS
    index = firn_log_append(self->log, bytes.data, bytes.len);
  Py_END_ALLOW_THREADS
  bytes_release(&bytes);
  return numbered(self, index);
}

static bool pack_records(Packed* packed, PyObject* records) {
  PyObject* iterator = PyObject_GetIter(records);
  if (iterator == NULL) return false;
  PyObject* record;
  while ((record = PyIter_Next(iterator)) != NULL) {
    Bytes bytes;
    bool done = bytes_take(record, &bytes);
    if (done) {
      done = packed_record(packed, &bytes);
      bytes_release(&bytes);
    }
    Py_DECREF(record);
    if (!done) break;
  }
  Py_DECREF(iterator);
  return !PyErr_Occurred();
}

static PyObject* log_append_many(RecordLog* self, PyObject* records) {
  Packed packed = {0};
  PyObject* result = NULL;
  if (pack_records(&packed, records)) {
    int64_t index;
    Py_BEGIN_ALLOW_THREADS
      index = firn_log_append_batch(self->log, packed.data, packed.len);
    Py_END_ALLOW_THREADS
    result = numbered(self, index);
  }
  packed_free(&packed);
  return result;
}

/* ---- Reading */

static PyObject* pinned_copy(RecordLog* self, uint64_t index, int64_t* code) {
  firn_pin_t pin;
  *code = firn_log_pin(self->log, index, &pin);
  if (*code != FIRN_OK) return NULL;
  PyObject* data = PyBytes_FromStringAndSize((const char*)pin.data, (Py_ssize_t)pin.len);
  firn_unpin(&pin);
  return data;
}

static PyObject* log_subscript(RecordLog* self, PyObject* object) {
  uint8_t small[SMALL_RECORD_BYTES_MAX];
  uint64_t index;
  if (!argument_u64(object, 0, &index)) return NULL;
  int64_t code = firn_log_read(self->log, index, small, sizeof small);
  PyObject* data = NULL;
  if (code > (int64_t)sizeof small)
    data = pinned_copy(self, index, &code);
  else if (code >= 0)
    data = PyBytes_FromStringAndSize((const char*)small, (Py_ssize_t)code);
  if (data != NULL || PyErr_Occurred()) return data;
  return code == FIRN_NOT_FOUND ? record_missing(self, object) : log_failed(self, code);
}

static PyObject* log_pin(RecordLog* self, PyObject* object) {
  uint64_t index;
  firn_pin_t pin;
  if (!argument_u64(object, 0, &index)) return NULL;
  const int32_t code = firn_log_pin(self->log, index, &pin);
  if (code == FIRN_NOT_FOUND) return record_missing(self, object);
  return code == FIRN_OK ? pin_view(self->state, &pin, NULL) : log_failed(self, code);
}

static PyObject* records_as_list(const uint8_t* at, size_t len) {
  PyObject* list = PyList_New(0);
  const uint8_t* end = at + len;
  while (list != NULL && at < end) {
    uint64_t index;
    int64_t time_ms;
    uint32_t data_len;
    memcpy(&index, at, sizeof index);
    memcpy(&time_ms, at + 8, sizeof time_ms);
    memcpy(&data_len, at + 16, sizeof data_len);
    at += CHUNK_RECORD_HEADER_BYTES;
    PyObject* record = Py_BuildValue("KLy#", (unsigned long long)index, (long long)time_ms, (const char*)at, (Py_ssize_t)data_len);
    at += data_len;
    if (record == NULL || PyList_Append(list, record) < 0) Py_CLEAR(list);
    Py_XDECREF(record);
  }
  return list;
}

static PyObject* log_chunk(RecordLog* self, PyObject* object) {
  uint64_t from;
  Packed chunk = {0};
  if (!argument_u64(object, 0, &from)) return NULL;
  PyObject* list = NULL;
  for (size_t wanted = CHUNK_BYTES_FIRST; packed_reserve(&chunk, wanted);) {
    int64_t filled;
    Py_BEGIN_ALLOW_THREADS
      filled = firn_log_read_chunk(self->log, from, chunk.data, chunk.cap);
    Py_END_ALLOW_THREADS
    if (filled == FIRN_TOO_LARGE) {
      uint64_t needed;
      memcpy(&needed, chunk.data, sizeof needed);
      wanted = (size_t)needed;
      continue;
    }
    if (filled >= 0)
      list = records_as_list(chunk.data, (size_t)filled);
    else if (filled == FIRN_NOT_FOUND)
      record_missing(self, object);
    else
      log_failed(self, filled);
    break;
  }
  packed_free(&chunk);
  return list;
}

static PyObject* log_bounds(RecordLog* self, void* closure) {
  (void)closure;
  uint64_t first;
  uint64_t next;
  const int32_t code = firn_log_bounds_to(self->log, &first, &next);
  if (code != FIRN_OK) return log_failed(self, code);
  return Py_BuildValue("KK", (unsigned long long)first, (unsigned long long)next);
}

static PyObject* log_durable(RecordLog* self, void* closure) {
  (void)closure;
  return numbered(self, firn_log_durable(self->log));
}

static PyObject* log_seek_time(RecordLog* self, PyObject* object) {
  int64_t time_ms;
  return argument_i64(object, &time_ms) ? numbered(self, firn_log_seek_time(self->log, time_ms)) : NULL;
}

/* ---- Waiting, trimming, closing */

static PyObject* log_wait(RecordLog* self, PyObject* args) {
  PyObject* object;
  uint64_t index;
  int timeout_ms;
  if (!PyArg_ParseTuple(args, "Oi", &object, &timeout_ms) || !argument_u64(object, 0, &index)) return NULL;
  int32_t code;
  Py_BEGIN_ALLOW_THREADS
    code = firn_log_wait(self->log, index, timeout_ms);
  Py_END_ALLOW_THREADS
  return code == FIRN_TIMEOUT ? PyBool_FromLong(0) : code == FIRN_OK ? PyBool_FromLong(1) : log_failed(self, code);
}

static PyObject* run_on_log(RecordLog* self, int32_t (*call)(firn_log* log)) {
  int32_t code;
  Py_BEGIN_ALLOW_THREADS
    code = call(self->log);
  Py_END_ALLOW_THREADS
  return answered(self, code);
}

static PyObject* run_with_index(RecordLog* self, PyObject* object, int32_t (*call)(firn_log* log, uint64_t index)) {
  uint64_t index;
  if (!argument_u64(object, 0, &index)) return NULL;
  int32_t code;
  Py_BEGIN_ALLOW_THREADS
    code = call(self->log, index);
  Py_END_ALLOW_THREADS
  return answered(self, code);
}

static PyObject* log_sync(RecordLog* self, PyObject* unused) {
  (void)unused;
  return run_on_log(self, firn_log_sync);
}

static PyObject* log_wake(RecordLog* self, PyObject* unused) {
  (void)unused;
  return run_on_log(self, firn_log_wake);
}

static PyObject* log_refresh(RecordLog* self, PyObject* unused) {
  (void)unused;
  return run_on_log(self, firn_log_refresh);
}

static PyObject* log_trim_before(RecordLog* self, PyObject* index) { return run_with_index(self, index, firn_log_trim_before); }
static PyObject* log_trim_after(RecordLog* self, PyObject* index) { return run_with_index(self, index, firn_log_trim_after); }
static PyObject* log_reset(RecordLog* self, PyObject* index) { return run_with_index(self, index, firn_log_reset); }

static PyObject* log_retain(RecordLog* self, PyObject* unused) {
  (void)unused;
  int64_t count;
  Py_BEGIN_ALLOW_THREADS
    count = firn_log_retain(self->log);
  Py_END_ALLOW_THREADS
  return numbered(self, count);
}

static PyObject* log_recovery(RecordLog* self, PyObject* unused) {
  (void)unused;
  firn_recovery_info info = FIRN_RECOVERY_INFO_INIT;
  const int32_t code = firn_log_recovery(self->log, &info);
  return code == FIRN_OK ? recovery_as_tuple(&info) : log_failed(self, code);
}

static PyObject* log_last_error(RecordLog* self, PyObject* unused) {
  (void)unused;
  firn_error error = FIRN_ERROR_INIT;
  return last_error_as_object(self->state, firn_log_error(self->log, &error), &error);
}

/* A descriptor of the caller's own, so that it stays when the log, in another thread, is closed. A close has to have the lock to begin. */
static PyObject* log_notify_fd(RecordLog* self, PyObject* unused) {
  (void)unused;
  int own = -1;
  LOCKED_BEGIN(self)
    const int32_t descriptor = self->is_closed ? FIRN_CLOSED : firn_log_notify_fd(self->log);
    if (descriptor < 0)
      log_failed(self, descriptor);
    else
      own = own_descriptor(descriptor);
  LOCKED_END
  return own < 0 ? NULL : PyLong_FromLong(own);
}

static PyObject* log_close(RecordLog* self, PyObject* unused) {
  (void)unused;
  bool is_first;
  LOCKED_BEGIN(self)
    is_first = !atomic_exchange(&self->is_closed, true);
  LOCKED_END
  if (!is_first) return none();
  int32_t code;
  Py_BEGIN_ALLOW_THREADS
    code = firn_log_close(self->log);
  Py_END_ALLOW_THREADS
  return code == FIRN_CLOSED ? none() : answered(self, code);
}

static PyObject* log_closed(RecordLog* self, void* closure) {
  (void)closure;
  return PyBool_FromLong(self->is_closed);
}

static void log_finalize(RecordLog* self) {
  if (self->log == NULL || self->is_closed || self->fork_count != fork_count) return;
  warn_unclosed((PyObject*)self, "a firn log was not closed: use it as a context manager");
}

static int log_traverse(RecordLog* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE((PyObject*)self));
  return 0;
}

static void log_dealloc(RecordLog* self) {
  PyObject_GC_UnTrack(self);
  if (self->log != NULL && !self->is_closed) {
    Py_BEGIN_ALLOW_THREADS
      firn_log_close(self->log);
    Py_END_ALLOW_THREADS
  }
  object_free((PyObject*)self);
}

static firn_log* open_path(ModuleState* state, const char* path, PyObject* mapping) {
  firn_options* options = options_from(state, mapping);
  if (options == NULL) return NULL;
  firn_error error = FIRN_ERROR_INIT;
  firn_log* log;
  Py_BEGIN_ALLOW_THREADS
    log = firn_log_open(path, options, &error);
    firn_options_free(options);
  Py_END_ALLOW_THREADS
  if (log == NULL) raise_error(state, &error);
  return log;
}

static PyObject* open_log(PyObject* module, PyObject* args) {
  ModuleState* state = (ModuleState*)PyModule_GetState(module);
  PyObject* cls;
  PyObject* path;
  PyObject* options;
  if (!PyArg_ParseTuple(args, "OO&O", &cls, PyUnicode_FSConverter, &path, &options)) return NULL;
  RecordLog* self = NULL;
  if (PyType_Check(cls) && PyType_IsSubtype((PyTypeObject*)cls, state->log_type)) {
    const allocfunc allocate = (allocfunc)PyType_GetSlot((PyTypeObject*)cls, Py_tp_alloc);
    self = (RecordLog*)allocate((PyTypeObject*)cls, 0);
  } else {
    PyErr_SetString(PyExc_TypeError, "not a class of logs");
  }
  firn_log* log = self == NULL ? NULL : open_path(state, PyBytes_AsString(path), options);
  Py_DECREF(path);
  if (log == NULL) {
    Py_CLEAR(self);
    return NULL;
  }
  self->state = state;
  self->log = log;
  self->fork_count = fork_count;
  return (PyObject*)self;
}

static PyMethodDef log_methods[] = {
    METHOD_PLAIN("append", log_append, METH_O, "append($self, data, /)\n--\n\nAppends a record and returns its index."),
    METHOD_PLAIN("append_many", log_append_many, METH_O,
                 "append_many($self, records, /)\n--\n\nAppends all records, or none, and returns the index of the first."),
    METHOD_PLAIN("pin", log_pin, METH_O, "pin($self, index, /)\n--\n\nThe record as a read-only memoryview into the log, without a copy."),
    METHOD_PLAIN("_chunk", log_chunk, METH_O, "_chunk($self, start, /)\n--\n\nSome records from start on, as (index, time in ms, data)."),
    METHOD_PLAIN("_seek_time", log_seek_time, METH_O,
                 "_seek_time($self, time_ms, /)\n--\n\nThe first index appended at this time or later."),
    METHOD_PLAIN("_wait", log_wait, METH_VARARGS, "_wait($self, index, timeout_ms, /)\n--\n\nWhether the record came in time."),
    METHOD_PLAIN("sync", log_sync, METH_NOARGS, "sync($self, /)\n--\n\nEverything appended before the call is durable after it."),
    METHOD_PLAIN("_notify_fd", log_notify_fd, METH_NOARGS,
                 "_notify_fd($self, /)\n--\n\nA descriptor for event loops; the caller closes it."),
    METHOD_PLAIN("wake", log_wake, METH_NOARGS, "wake($self, /)\n--\n\nEnds the waits that go on: they raise CancelledError."),
    METHOD_PLAIN("refresh", log_refresh, METH_NOARGS, "refresh($self, /)\n--\n\nA read-only opening goes on to what the writer has made."),
    METHOD_PLAIN("trim_before", log_trim_before, METH_O, "trim_before($self, index, /)\n--\n\nRemoves the records before index."),
    METHOD_PLAIN("trim_after", log_trim_after, METH_O,
                 "trim_after($self, index, /)\n--\n\nRemoves the records after index; their indexes are given again."),
    METHOD_PLAIN("reset", log_reset, METH_O, "reset($self, next_index, /)\n--\n\nEmpties the log, which goes on at next_index."),
    METHOD_PLAIN("retain", log_retain, METH_NOARGS, "retain($self, /)\n--\n\nApplies the retention now; how many segments were deleted."),
    METHOD_PLAIN("_recovery", log_recovery, METH_NOARGS, "_recovery($self, /)\n--\n\nWhat opening found."),
    METHOD_PLAIN("last_error", log_last_error, METH_NOARGS,
                 "last_error($self, /)\n--\n\nThe error that has made the log read-only, or None."),
    METHOD_PLAIN("close", log_close, METH_NOARGS,
                 "close($self, /)\n--\n\nMakes everything durable and closes; a second time does nothing."),
    {NULL, NULL, 0, NULL}};

static PyGetSetDef log_getset[] = {
    {"closed", (getter)(void (*)(void))log_closed, NULL, PyDoc_STR("Whether it was closed."), NULL},
    {"bounds", (getter)(void (*)(void))log_bounds, NULL, PyDoc_STR("(first, next): first <= index < next can be read."), NULL},
    {"durable", (getter)(void (*)(void))log_durable, NULL, PyDoc_STR("Records below this index are durable."), NULL},
    {NULL, NULL, NULL, NULL, NULL}};

static PyType_Slot log_slots[] = {{Py_tp_doc, (void*)PyDoc_STR("Records with indexes, appended at the end, kept on disk.")},
                                  {Py_tp_new, type_not_callable},
                                  {Py_tp_dealloc, log_dealloc},
                                  {Py_tp_finalize, log_finalize},
                                  {Py_tp_traverse, log_traverse},
                                  {Py_tp_methods, log_methods},
                                  {Py_tp_getset, log_getset},
                                  {Py_mp_subscript, log_subscript},
                                  {0, NULL}};

static PyType_Spec log_spec = {"firn._firn.RecordLog", sizeof(RecordLog), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
                               log_slots};

bool log_type_add(PyObject* module, ModuleState* state) {
  state->log_type = type_add(module, &log_spec, NULL);
  return state->log_type != NULL;
}

PyMethodDef log_functions[] = {{"open_log", open_log, METH_VARARGS, PyDoc_STR("open_log(cls, path, options, /)\n--\n\nA log.")},
                               {NULL, NULL, 0, NULL}};
