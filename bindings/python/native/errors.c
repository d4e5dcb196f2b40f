/* errors.c: codes of firn.h as exceptions. The classes and the choice among them are in firn/errors.py. */
#include "native.h"

#include <string.h>

/* A new exception; NULL: another one is set. */
static PyObject* new_failure(ModuleState* state, int64_t code, int os_errno, const char* message, const char* file, uint64_t offset) {
  PyObject* path = PyUnicode_DecodeFSDefault(file);
  if (path == NULL) return NULL;
  PyObject* text = PyUnicode_DecodeUTF8(message, (Py_ssize_t)strlen(message), "replace");
  PyObject* exception =
      text == NULL ? NULL
                   : PyObject_CallFunction(state->failure, "LiOOK", (long long)code, os_errno, text, path, (unsigned long long)offset);
  Py_XDECREF(text);
  Py_DECREF(path);
  return exception;
}

static PyObject* raise_failure(ModuleState* state, int64_t code, int os_errno, const char* message, const char* file, uint64_t offset) {
  PyObject* exception = new_failure(state, code, os_errno, message, file, offset);
  if (exception != NULL) PyErr_SetObject((PyObject*)Py_TYPE(exception), exception);
  Py_XDECREF(exception);
  return NULL;
}

PyObject* raise_code(ModuleState* state, int64_t code) { return raise_failure(state, code, 0, firn_status_text((int32_t)code), "", 0); }

PyObject* raise_error(ModuleState* state, const firn_error* error) {
  return raise_failure(state, error->code, error->os_errno, error->message, error->file, error->offset);
}

bool code_is_of_disk(int64_t code) {
  return code == FIRN_READ_ONLY || code == FIRN_NO_SPACE || code == FIRN_IO || code == FIRN_CORRUPT || code == FIRN_INDETERMINATE;
}

static bool is_about_the_call(int64_t code) { return code == FIRN_CLOSED || code == FIRN_FORKED || code == FIRN_MISUSE; }

PyObject* raise_with_cause(ModuleState* state, int64_t code, const firn_error* cause) {
  if (cause->code == FIRN_OK || is_about_the_call(cause->code)) return raise_code(state, code);
  return raise_failure(state, code, cause->os_errno, cause->message, cause->file, cause->offset);
}

PyObject* reader_failed(const Reader* self, int64_t code) {
  firn_error cause = FIRN_ERROR_INIT;
  if (code_is_of_disk(code)) firn_db_error(self->db, &cause);
  return raise_with_cause(self->state, code, &cause);
}

PyObject* last_error_as_object(ModuleState* state, int32_t code, const firn_error* error) {
  if (code == FIRN_OK) return Py_BuildValue("");
  if (is_about_the_call(code)) return raise_code(state, code);
  return new_failure(state, error->code, error->os_errno, error->message, error->file, error->offset);
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
