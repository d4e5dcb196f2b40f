/*
 * arguments.c: Python objects as C values. Calls are parsed by hand, without format strings and tuples: a look-up is too short
 * for more.
 */
#include "native.h"

#include <math.h>
#include <string.h>

bool bytes_take(PyObject* object, Bytes* bytes) {
  bytes->view.obj = NULL;
  if (PyBytes_Check(object)) {
    char* data;
    Py_ssize_t len;
    if (PyBytes_AsStringAndSize(object, &data, &len) < 0) return false;
    bytes->data = (const uint8_t*)data;
    bytes->len = (size_t)len;
    return true;
  }
  if (PyObject_GetBuffer(object, &bytes->view, PyBUF_SIMPLE) < 0) {
    bytes->view.obj = NULL;
    return false;
  }
  bytes->data = bytes->view.buf;
  bytes->len = (size_t)bytes->view.len;
  return true;
}

bool bytes_take_optional(PyObject* object, Bytes* bytes) {
  if (object != NULL && object != Py_None) return bytes_take(object, bytes);
  memset(bytes, 0, sizeof *bytes);
  return true;
}

void bytes_release(Bytes* bytes) {
  if (bytes->view.obj != NULL) PyBuffer_Release(&bytes->view);
}

static bool parse_keywords(const Signature* signature, PyObject* const* given, PyObject* kwnames, PyObject** values) {
  const Py_ssize_t count = PyTuple_Size(kwnames);
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* name = PyTuple_GetItem(kwnames, i);
    Py_ssize_t at = 0;
    while (at < signature->count && PyUnicode_CompareWithASCIIString(name, signature->names[at]) != 0) ++at;
    if (at == signature->count) {
      PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", signature->function, name);
      return false;
    }
    if (values[at] != NULL) {
      PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'", signature->function, name);
      return false;
    }
    values[at] = given[i];
  }
  return true;
}

bool arguments_parse(const Signature* signature, PyObject* const* args, Py_ssize_t given, PyObject* kwnames, PyObject** values) {
  if (given > signature->keyword_only) {
    PyErr_Format(PyExc_TypeError, "%s() takes at most %zd positional arguments (%zd given)", signature->function, signature->keyword_only,
                 given);
    return false;
  }
  for (Py_ssize_t i = 0; i < given; ++i) values[i] = args[i];
  for (Py_ssize_t i = given; i < signature->count; ++i) values[i] = NULL;
  if (kwnames != NULL && !parse_keywords(signature, args + given, kwnames, values)) return false;
  for (Py_ssize_t i = given; i < signature->required; ++i) {
    if (values[i] == NULL) {
      PyErr_Format(PyExc_TypeError, "%s() missing required argument: '%s'", signature->function, signature->names[i]);
      return false;
    }
  }
  return true;
}

int argument_flag(PyObject* object) {
  if (object == NULL || object == Py_False) return 0;
  return object == Py_True ? 1 : PyObject_IsTrue(object);
}

/* The number of seconds in an int, a float or a timedelta; -1 and an exception. */
static double seconds_of(PyObject* object) {
  if (PyFloat_Check(object) || PyLong_Check(object)) return PyFloat_AsDouble(object);
  PyObject* total = PyObject_CallMethod(object, "total_seconds", NULL);
  if (total == NULL) {
    if (PyErr_ExceptionMatches(PyExc_AttributeError)) PyErr_SetString(PyExc_TypeError, "ttl is not a number of seconds or a timedelta");
    return -1;
  }
  const double seconds = PyFloat_AsDouble(total);
  Py_DECREF(total);
  return seconds;
}

bool argument_ttl_ms(PyObject* object, int64_t* ttl_ms) {
  *ttl_ms = 0;
  if (object == NULL || object == Py_None) return true;
  const double seconds = seconds_of(object);
  if (PyErr_Occurred()) return false;
  const double ms = ceil(seconds * 1000.0);
  if (!(ms >= 1.0 && ms <= 9.0e15)) { /* also not a number */
    PyErr_SetString(PyExc_ValueError, "ttl is not a positive, finite number of seconds");
    return false;
  }
  *ttl_ms = (int64_t)ms;
  return true;
}

bool argument_i64(PyObject* object, int64_t* value) {
  const long long number = PyLong_AsLongLong(object);
  if (number == -1 && PyErr_Occurred()) return false;
  *value = number;
  return true;
}

bool argument_u64(PyObject* object, uint64_t otherwise, uint64_t* value) {
  *value = otherwise;
  if (object == NULL || object == Py_None) return true;
  PyObject* integer = PyNumber_Index(object);
  if (integer == NULL) return false;
  int overflow;
  const bool is_negative = PyLong_AsLongLongAndOverflow(integer, &overflow) < 0 && overflow <= 0;
  if (is_negative)
    PyErr_SetString(PyExc_ValueError, "the number is negative");
  else
    *value = PyLong_AsUnsignedLongLong(integer);
  Py_DECREF(integer);
  return !PyErr_Occurred();
}
