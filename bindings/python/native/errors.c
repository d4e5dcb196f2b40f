/* errors.c: codes of firn.h as exceptions. The classes and the choice among them are in firn/errors.py. */
#include "native.h"

#include <string.h>

static PyObject* raise_failure(ModuleState* state, int64_t code, int os_errno, const char* message, const char* file, uint64_t offset) {
  PyObject* path = PyUnicode_DecodeFSDefault(file);
  if (path == NULL) return NULL;
  PyObject* text = PyUnicode_DecodeUTF8(message, (Py_ssize_t)strlen(message), "replace");
  PyObject* exception =
      text == NULL ? NULL
                   : PyObject_CallFunction(state->failure, "LiOOK", (long long)code, os_errno, text, path, (unsigned long long)offset);
  if (exception != NULL) PyErr_SetObject((PyObject*)Py_TYPE(exception), exception);
  Py_XDECREF(exception);
  Py_XDECREF(text);
  Py_DECREF(path);
  return NULL;
}

PyObject* raise_code(ModuleState* state, int64_t code) { return raise_failure(state, code, 0, firn_status_text((int32_t)code), "", 0); }

PyObject* raise_error(ModuleState* state, const firn_error* error) {
  return raise_failure(state, error->code, error->os_errno, error->message, error->file, error->offset);
}

PyObject* raise_key_missing(ModuleState* state, PyObject* key) {
  PyErr_SetObject(state->key_missing, key);
  return NULL;
}

void warn_unclosed(PyObject* object, const char* text) {
  PyObject* type;
  PyObject* value;
  PyObject* traceback;
  PyErr_Fetch(&type, &value, &traceback); /* the object may go while an exception is raised */
  if (PyErr_WarnEx(PyExc_ResourceWarning, text, 1) < 0) PyErr_WriteUnraisable((PyObject*)Py_TYPE(object));
  PyErr_Restore(type, value, traceback);
}
