/* module.c: the module firn._firn and its state. The classes of exceptions come from firn.errors, which is imported first. */
#include "native.h"

#include <string.h>

PyTypeObject* type_add(PyObject* module, PyType_Spec* spec, PyTypeObject* base) {
  PyObject* type = PyType_FromModuleAndSpec(module, spec, (PyObject*)base);
  if (type == NULL) return NULL;
  if (PyModule_AddObjectRef(module, strrchr(spec->name, '.') + 1, type) < 0) Py_CLEAR(type);
  return (PyTypeObject*)type;
}

PyObject* type_not_callable(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  (void)type;
  (void)args;
  (void)kwargs;
  PyErr_SetString(PyExc_TypeError, "made by firn.open() and by methods of a database, not by a call of its type");
  return NULL;
}

void object_free(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  const freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
  release(self);
  Py_DECREF(type);
}

static bool errors_import(ModuleState* state) {
  PyObject* errors = PyImport_ImportModule("firn.errors");
  if (errors == NULL) return false;
  state->failure = PyObject_GetAttrString(errors, "failure");
  state->key_missing = PyObject_GetAttrString(errors, "NotFoundError");
  state->record_missing = PyObject_GetAttrString(errors, "RecordNotFoundError");
  Py_DECREF(errors);
  return state->failure != NULL && state->key_missing != NULL && state->record_missing != NULL;
}

static int module_exec(PyObject* module) {
  ModuleState* state = (ModuleState*)PyModule_GetState(module);
  const bool done = errors_import(state) && reader_type_add(module, state) && writer_type_add(module, state) &&
                    store_type_add(module, state) && iterator_type_add(module, state) && batch_type_add(module, state) &&
                    pin_type_add(module, state) && log_type_add(module, state) && PyModule_AddFunctions(module, database_functions) == 0 &&
                    PyModule_AddFunctions(module, operate_functions) == 0 && PyModule_AddFunctions(module, changes_functions) == 0 &&
                    PyModule_AddFunctions(module, option_functions) == 0 && PyModule_AddFunctions(module, log_functions) == 0;
  return done ? 0 : -1;
}

static int module_traverse(PyObject* module, visitproc visit, void* arg) {
  ModuleState* state = (ModuleState*)PyModule_GetState(module);
  Py_VISIT(state->failure);
  Py_VISIT(state->key_missing);
  Py_VISIT(state->record_missing);
  Py_VISIT((PyObject*)state->log_type);
  Py_VISIT((PyObject*)state->reader_type);
  Py_VISIT((PyObject*)state->writer_type);
  Py_VISIT((PyObject*)state->store_type);
  Py_VISIT((PyObject*)state->iterator_type);
  Py_VISIT((PyObject*)state->batch_type);
  Py_VISIT((PyObject*)state->pin_type);
  return 0;
}

static int module_clear(PyObject* module) {
  ModuleState* state = (ModuleState*)PyModule_GetState(module);
  Py_CLEAR(state->failure);
  Py_CLEAR(state->key_missing);
  Py_CLEAR(state->record_missing);
  Py_CLEAR(state->log_type);
  Py_CLEAR(state->reader_type);
  Py_CLEAR(state->writer_type);
  Py_CLEAR(state->store_type);
  Py_CLEAR(state->iterator_type);
  Py_CLEAR(state->batch_type);
  Py_CLEAR(state->pin_type);
  return 0;
}

static void module_free(void* module) { module_clear((PyObject*)module); }

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, (void*)module_exec},
#if defined(Py_GIL_DISABLED)
                                          {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
                                          {0, NULL}};

static struct PyModuleDef module_def = {.m_base = PyModuleDef_HEAD_INIT,
                                        .m_name = "firn._firn",
                                        .m_doc = PyDoc_STR("The engine, as the package firn uses it."),
                                        .m_size = sizeof(ModuleState),
                                        .m_slots = module_slots,
                                        .m_traverse = module_traverse,
                                        .m_clear = module_clear,
                                        .m_free = module_free};

PyMODINIT_FUNC PyInit__firn(void) { return PyModuleDef_Init(&module_def); }
