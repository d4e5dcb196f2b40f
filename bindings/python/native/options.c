/* options.c: options of an opening from Python values, and what options there are. */
#include "native.h"

static int32_t set_text(firn_options* options, const char* name, PyObject* value) {
  PyObject* utf8 = PyUnicode_AsUTF8String(value);
  if (utf8 == NULL) return FIRN_INVALID;
  const int32_t code = firn_options_set(options, name, PyBytes_AsString(utf8));
  Py_DECREF(utf8);
  return code;
}

static int32_t set_value(firn_options* options, const char* name, PyObject* value) {
  if (PyUnicode_Check(value)) return set_text(options, name, value);
  if (!PyLong_Check(value)) {
    PyErr_Format(PyExc_TypeError, "option %s: expected str, int or bool", name);
    return FIRN_INVALID;
  }
  const unsigned long long number = PyLong_AsUnsignedLongLong(value);
  if (PyErr_Occurred()) return FIRN_INVALID;
  return firn_options_set_u64(options, name, number);
}

static bool set_option(ModuleState* state, firn_options* options, PyObject* name, PyObject* value) {
  PyObject* utf8 = PyUnicode_AsUTF8String(name);
  if (utf8 == NULL) return false;
  const char* text = PyBytes_AsString(utf8);
  const int32_t code = set_value(options, text, value);
  if (code != FIRN_OK && !PyErr_Occurred()) {
    firn_error error = FIRN_ERROR_INIT;
    error.code = code;
    PyOS_snprintf(error.message, sizeof error.message, "option %.100s: %s; firn.options() tells names and ranges", text,
                  code == FIRN_UNSUPPORTED ? "this build cannot do that" : "no such option, or a value outside its range");
    raise_error(state, &error);
  }
  Py_DECREF(utf8);
  return code == FIRN_OK;
}

firn_options* options_from(ModuleState* state, PyObject* mapping) {
  PyObject* items = PyMapping_Items(mapping);
  if (items == NULL) return NULL;
  firn_options* options = firn_options_new();
  if (options == NULL) PyErr_NoMemory();
  const Py_ssize_t count = PyList_Size(items);
  for (Py_ssize_t i = 0; options != NULL && i < count; ++i) {
    PyObject* item = PyList_GetItem(items, i);
    if (set_option(state, options, PyTuple_GetItem(item, 0), PyTuple_GetItem(item, 1))) continue;
    firn_options_free(options);
    options = NULL;
  }
  Py_DECREF(items);
  return options;
}

static PyObject* option_table(PyObject* module, PyObject* unused) {
  (void)module;
  (void)unused;
  const uint32_t count = firn_option_count();
  PyObject* list = PyList_New(0);
  for (uint32_t i = 0; list != NULL && i < count; ++i) {
    firn_option_info info = FIRN_OPTION_INFO_INIT;
    if (firn_option_info_at(i, &info) != FIRN_OK) continue;
    PyObject* row =
        Py_BuildValue("(sssssNN)", info.name, info.type, info.default_value, info.range, info.text,
                      PyBool_FromLong((info.flags & FIRN_OPTION_FOR_DB) != 0), PyBool_FromLong((info.flags & FIRN_OPTION_FOR_LOG) != 0));
    if (row == NULL || PyList_Append(list, row) < 0) Py_CLEAR(list);
    Py_XDECREF(row);
  }
  return list;
}

static PyObject* build_info(PyObject* module, PyObject* unused) {
  (void)module;
  (void)unused;
  return PyUnicode_FromString(firn_build_info());
}

static PyObject* engine_version(PyObject* module, PyObject* unused) {
  (void)module;
  (void)unused;
  const uint32_t version = firn_version();
  return Py_BuildValue("(III)", version >> 16, version >> 8 & 255u, version & 255u);
}

static PyObject* status(PyObject* module, PyObject* number) {
  (void)module;
  int64_t code;
  if (!argument_i64(number, &code)) return NULL;
  return Py_BuildValue("ssN", firn_status_name((int32_t)code), firn_status_text((int32_t)code),
                       PyBool_FromLong(firn_status_is_retryable((int32_t)code)));
}

PyMethodDef option_functions[] = {
    {"option_table", option_table, METH_NOARGS,
     PyDoc_STR("option_table()\n--\n\n(name, type, default, range, text, for databases, for logs) of each option.")},
    {"build_info", build_info, METH_NOARGS, PyDoc_STR("build_info()\n--\n\nHow the engine was built.")},
    {"engine_version", engine_version, METH_NOARGS, PyDoc_STR("engine_version()\n--\n\n(major, minor, patch) of the engine.")},
    {"status", status, METH_O, PyDoc_STR("status(code, /)\n--\n\nName, text, and whether a retry may help, of a code of the C API.")},
    {NULL, NULL, 0, NULL}};
