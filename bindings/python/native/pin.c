/*
 * pin.c: the type Pin: the exporter behind a memoryview of pinned bytes, which it holds until the last view of it is released. Of the views
 * of `pin_many` each has one for its own bytes; these keep another one, which holds the pin of all.
 */
#include "native.h"

typedef struct Pin {
  PyObject_HEAD firn_pin_t pin; /* without an owner where `whole` holds the bytes */
  PyObject* whole;              /* a Pin, or NULL */
} Pin;

static int pin_getbuffer(Pin* self, Py_buffer* view, int flags) {
  return PyBuffer_FillInfo(view, (PyObject*)self, (void*)self->pin.data, (Py_ssize_t)self->pin.len, 1, flags);
}

static void pin_dealloc(Pin* self) {
  firn_unpin(&self->pin);
  Py_XDECREF(self->whole);
  object_free((PyObject*)self);
}

PyObject* pin_new(ModuleState* state, firn_pin_t* pin, PyObject* whole) {
  const allocfunc allocate = (allocfunc)PyType_GetSlot(state->pin_type, Py_tp_alloc);
  Pin* self = (Pin*)allocate(state->pin_type, 0);
  if (self == NULL) {
    firn_unpin(pin);
    return NULL;
  }
  self->pin = *pin;
  self->whole = whole;
  Py_XINCREF(whole);
  return (PyObject*)self;
}

PyObject* pin_view(ModuleState* state, firn_pin_t* pin, PyObject* whole) {
  PyObject* exporter = pin_new(state, pin, whole);
  if (exporter == NULL) return NULL;
  PyObject* view = PyMemoryView_FromObject(exporter);
  Py_DECREF(exporter);
  return view;
}

PyObject* reader_pin(Reader* self, PyObject* key) {
  Bytes bytes;
  if (!bytes_take(key, &bytes)) return NULL;
  firn_pin_t pin;
  const int32_t code = self->txn != NULL ? firn_txn_pin(self->txn, self->ns, bytes.data, bytes.len, &pin)
                                         : firn_pin(self->db, self->ns, bytes.data, bytes.len, &pin);
  bytes_release(&bytes);
  if (code == FIRN_NOT_FOUND) return raise_key_missing(self->state, key);
  return code == FIRN_OK ? pin_view(self->state, &pin, NULL) : reader_failed(self, code);
}

static PyType_Slot pin_slots[] = {{Py_tp_doc, (void*)PyDoc_STR("Bytes that the engine holds for a memoryview.")},
                                  {Py_tp_new, type_not_callable},
                                  {Py_tp_dealloc, pin_dealloc},
                                  {Py_bf_getbuffer, pin_getbuffer},
                                  {0, NULL}};

static PyType_Spec pin_spec = {"firn._firn.Pin", sizeof(Pin), 0, Py_TPFLAGS_DEFAULT, pin_slots};

bool pin_type_add(PyObject* module, ModuleState* state) {
  state->pin_type = type_add(module, &pin_spec, NULL);
  return state->pin_type != NULL;
}
