/*
 * changes.c: functions of the module about what was committed: reading it, waiting until it is durable, moving on to what another process has written.
 * Any thread at any time; without the GIL, as reading may come from disk.
 */
#include "native.h" /* first: Python.h asks the system for what fcntl.h has to declare */

#include <fcntl.h>
#include <string.h>

#define CHUNK_BYTES_FIRST ((size_t)64 * 1024)
#define CHANGE_HEADER_BYTES ((size_t)32)

static PyObject* changes_as_list(const uint8_t* at, size_t len) {
  PyObject* list = PyList_New(0);
  const uint8_t* end = at + len;
  while (list != NULL && at < end) {
    uint64_t version;
    uint32_t numbers[4]; /* operation, namespace, length of the key, of the value */
    int64_t expiry_ms;
    memcpy(&version, at, sizeof version);
    memcpy(numbers, at + 8, sizeof numbers);
    memcpy(&expiry_ms, at + 24, sizeof expiry_ms);
    const char* key = (const char*)at + CHANGE_HEADER_BYTES;
    const char* value = key + numbers[2];
    at = (const uint8_t*)value + numbers[3];
    PyObject* change = Py_BuildValue("KIIy#y#L", (unsigned long long)version, (unsigned int)numbers[0], (unsigned int)numbers[1], key,
                                     (Py_ssize_t)numbers[2], value, (Py_ssize_t)numbers[3], (long long)expiry_ms);
    if (change == NULL || PyList_Append(list, change) < 0) Py_CLEAR(list);
    Py_XDECREF(change);
  }
  return list;
}

static PyObject* read_chunk(Reader* self, uint64_t from, uint32_t flags, PyObject* start) {
  Packed chunk = {0};
  PyObject* list = NULL;
  for (size_t wanted = CHUNK_BYTES_FIRST; packed_reserve(&chunk, wanted);) {
    int64_t filled;
    Py_BEGIN_ALLOW_THREADS
      filled = firn_changes(self->db, from, chunk.data, chunk.cap, flags);
    Py_END_ALLOW_THREADS
    if (filled == FIRN_TOO_LARGE) {
      uint64_t needed;
      memcpy(&needed, chunk.data, sizeof needed);
      wanted = (size_t)needed;
      continue;
    }
    if (filled >= 0)
      list = changes_as_list(chunk.data, (size_t)filled);
    else if (filled == FIRN_NOT_FOUND)
      raise_key_missing(self->state, start);
    else
      reader_failed(self, filled);
    break;
  }
  packed_free(&chunk);
  return list;
}

/* changes(source, start, durable): some, whole commits */
static PyObject* changes(PyObject* module, PyObject* args) {
  PyObject* object;
  PyObject* start;
  int is_durable;
  uint64_t from;
  if (!PyArg_ParseTuple(args, "OOp", &object, &start, &is_durable)) return NULL;
  Reader* self = reader_of(module, object);
  if (self == NULL || !argument_u64(start, 0, &from)) return NULL;
  return read_chunk(self, from, is_durable ? FIRN_CHANGES_DURABLE : 0, start);
}

static PyObject* changes_bounds(PyObject* module, PyObject* object) {
  Reader* self = reader_of(module, object);
  if (self == NULL) return NULL;
  uint64_t first;
  uint64_t next;
  const int32_t code = firn_changes_bounds(self->db, &first, &next);
  if (code != FIRN_OK) return reader_failed(self, code);
  return Py_BuildValue("KK", (unsigned long long)first, (unsigned long long)next);
}

int own_descriptor(int32_t descriptor) {
  const int own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (own < 0) PyErr_SetFromErrno(PyExc_OSError);
  return own;
}

/* A descriptor of the caller's own, so that it stays when the database, in another thread, is closed. A close has to have the lock to begin. */
static PyObject* notify_fd(PyObject* module, PyObject* object) {
  Reader* self = reader_of(module, object);
  if (self == NULL) return NULL;
  Reader* database = self;
  while (database->source != NULL) database = database->source;
  int own = -1;
  LOCKED_BEGIN(database)
    const int32_t descriptor = reader_is_closed(self) ? FIRN_CLOSED : firn_notify_fd(self->db);
    if (descriptor < 0)
      reader_failed(self, descriptor);
    else
      own = own_descriptor(descriptor);
  LOCKED_END
  return own < 0 ? NULL : PyLong_FromLong(own);
}

/* wait_durable(source, version, timeout_ms): whether it is, in time */
static PyObject* wait_durable(PyObject* module, PyObject* args) {
  PyObject* object;
  PyObject* version_object;
  int timeout_ms;
  uint64_t version;
  if (!PyArg_ParseTuple(args, "OOi", &object, &version_object, &timeout_ms)) return NULL;
  Reader* self = reader_of(module, object);
  if (self == NULL || !argument_u64(version_object, 0, &version)) return NULL;
  int32_t code;
  Py_BEGIN_ALLOW_THREADS
    code = firn_wait_durable(self->db, version, timeout_ms);
  Py_END_ALLOW_THREADS
  if (code == FIRN_OK || code == FIRN_TIMEOUT) return PyBool_FromLong(code == FIRN_OK);
  return reader_failed(self, code);
}

static PyObject* wake(PyObject* module, PyObject* object) { return run_released(module, object, firn_wake); }
static PyObject* refresh(PyObject* module, PyObject* object) { return run_released(module, object, firn_refresh); }

PyMethodDef changes_functions[] = {
    {"changes", changes, METH_VARARGS,
     PyDoc_STR("changes(source, start, durable, /)\n--\n\nSome commits, as (version, operation, namespace, key, value, expiry in ms).")},
    {"changes_bounds", changes_bounds, METH_O, PyDoc_STR("changes_bounds(source, /)\n--\n\n(first, next) version that can be read.")},
    {"notify_fd", notify_fd, METH_O, PyDoc_STR("notify_fd(source, /)\n--\n\nA descriptor for event loops; the caller closes it.")},
    {"wait_durable", wait_durable, METH_VARARGS,
     PyDoc_STR("wait_durable(source, version, timeout_ms, /)\n--\n\nWhether the commits up to version are durable in time.")},
    {"wake", wake, METH_O, PyDoc_STR("wake(source, /)\n--\n\nEnds the waits that go on.")},
    {"refresh", refresh, METH_O, PyDoc_STR("refresh(source, /)\n--\n\nA read-only opening goes on to what the writer has made.")},
    {NULL, NULL, 0, NULL}};
