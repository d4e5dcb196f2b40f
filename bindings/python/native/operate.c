/*
 * operate.c: functions of the module that tell how a database does, and that copy it: statistics, events, checkpoint.
 * Any thread at any time. What waits for the disk gives up the GIL.
 */
#include "native.h"

#define EVENTS_KEPT 256 /* more are never there, see firn_events_poll */

/* A text that the engine writes into a buffer, which grows until it has room for the NUL too. */
static PyObject* text_of(PyObject* module, PyObject* object, int64_t (*call)(firn_db* db, char* buf, size_t cap)) {
  Reader* self = reader_of(module, object);
  if (self == NULL) return NULL;
  Packed packed = {0};
  PyObject* text = NULL;
  for (size_t wanted = 4096; packed_reserve(&packed, wanted);) {
    const int64_t needed = call(self->db, (char*)packed.data, packed.cap);
    if (needed >= 0 && (size_t)needed >= packed.cap) {
      wanted = (size_t)needed + 1;
      continue;
    }
    text = needed < 0 ? reader_failed(self, needed)
                      : PyUnicode_DecodeUTF8((const char*)packed.data, (Py_ssize_t)needed, "surrogateescape"); /* paths are in it */
    break;
  }
  packed_free(&packed);
  return text;
}

static PyObject* stats_json(PyObject* module, PyObject* object) { return text_of(module, object, firn_stats_json); }
static PyObject* stats_prometheus(PyObject* module, PyObject* object) { return text_of(module, object, firn_stats_prometheus); }

static PyObject* events_as_list(const firn_event* events, int64_t count) {
  PyObject* list = PyList_New(0);
  for (int64_t i = 0; list != NULL && i < count; ++i) {
    const firn_event* event = &events[i];
    PyObject* tuple = Py_BuildValue("KLIiKKK", (unsigned long long)event->number, (long long)event->time_ms, (unsigned int)event->kind,
                                    (int)event->code, (unsigned long long)event->duration_us, (unsigned long long)event->bytes_read,
                                    (unsigned long long)event->bytes_written);
    if (tuple == NULL || PyList_Append(list, tuple) < 0) Py_CLEAR(list);
    Py_XDECREF(tuple);
  }
  return list;
}

/* events(source, start): those from this number on */
static PyObject* events(PyObject* module, PyObject* args) {
  PyObject* object;
  PyObject* start;
  uint64_t from;
  if (!PyArg_ParseTuple(args, "OO", &object, &start)) return NULL;
  Reader* self = reader_of(module, object);
  if (self == NULL || !argument_u64(start, 0, &from)) return NULL;
  firn_event* kept = malloc(EVENTS_KEPT * sizeof *kept);
  if (kept == NULL) return PyErr_NoMemory();
  const int64_t count = firn_events_poll(self->db, from, kept, EVENTS_KEPT);
  PyObject* list = count < 0 ? reader_failed(self, count) : events_as_list(kept, count);
  free(kept);
  return list;
}

/* checkpoint(source, path) */
static PyObject* checkpoint(PyObject* module, PyObject* args) {
  PyObject* object;
  PyObject* path_object;
  if (!PyArg_ParseTuple(args, "OO", &object, &path_object)) return NULL;
  Reader* self = reader_of(module, object);
  PyObject* path = self == NULL ? NULL : path_bytes(path_object);
  if (path == NULL) return NULL;
  firn_error error = FIRN_ERROR_INIT;
  int32_t code;
  Py_BEGIN_ALLOW_THREADS
    code = firn_checkpoint(self->db, PyBytes_AsString(path), &error);
  Py_END_ALLOW_THREADS
  Py_DECREF(path);
  return code == FIRN_OK ? Py_BuildValue("") : raise_error(self->state, &error);
}

/* approximate_count(source, start, stop), approximate_bytes: of a namespace */
static PyObject* approximate(PyObject* module, PyObject* args,
                             int64_t (*call)(firn_db* db, uint32_t ns, const uint8_t* lower, size_t lower_len, const uint8_t* upper,
                                             size_t upper_len)) {
  PyObject* object;
  PyObject* start;
  PyObject* stop;
  if (!PyArg_ParseTuple(args, "OOO", &object, &start, &stop)) return NULL;
  Reader* self = reader_of(module, object);
  KeyRange range;
  if (self == NULL || !key_range_take(start, stop, &range)) return NULL;
  static const uint8_t nothing[1] = {0};
  const uint8_t* lower = range.lower.len > 0 ? range.lower.data : NULL;
  const uint8_t* upper = range.is_open ? NULL : range.upper.len > 0 ? range.upper.data : nothing;
  const int64_t number = call(self->db, self->ns, lower, range.lower.len, upper, range.upper.len);
  key_range_release(&range);
  return number >= 0 ? PyLong_FromLongLong(number) : reader_failed(self, number);
}

static PyObject* approximate_count(PyObject* module, PyObject* args) { return approximate(module, args, firn_approximate_count); }
static PyObject* approximate_bytes(PyObject* module, PyObject* args) { return approximate(module, args, firn_approximate_bytes); }

static PyObject* resume(PyObject* module, PyObject* object) { return run_released(module, object, firn_resume); }

PyMethodDef operate_functions[] = {
    {"stats_json", stats_json, METH_O, PyDoc_STR("stats_json(source, /)\n--\n\nStatistics as JSON.")},
    {"stats_prometheus", stats_prometheus, METH_O, PyDoc_STR("stats_prometheus(source, /)\n--\n\nStatistics as Prometheus reads them.")},
    {"events", events, METH_VARARGS,
     PyDoc_STR("events(source, start, /)\n--\n\n(number, time in ms, kind, code, duration in us, bytes read, bytes written) of events.")},
    {"approximate_count", approximate_count, METH_VARARGS,
     PyDoc_STR("approximate_count(source, start, stop, /)\n--\n\nAbout how many entries lie in a range.")},
    {"approximate_bytes", approximate_bytes, METH_VARARGS,
     PyDoc_STR("approximate_bytes(source, start, stop, /)\n--\n\nAbout how many bytes they take on disk.")},
    {"checkpoint", checkpoint, METH_VARARGS, PyDoc_STR("checkpoint(source, path, /)\n--\n\nA database of its own, as this one is now.")},
    {"resume", resume, METH_O, PyDoc_STR("resume(source, /)\n--\n\nTakes writes again after a failure.")},
    {NULL, NULL, 0, NULL}};
