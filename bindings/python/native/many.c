/* many.c: get_many and pin_many: many keys in one crossing, all in one state of the database. */
#include "native.h"

/* At most this many keys are looked up together with the GIL held. */
#define GIL_KEY_COUNT_MAX ((size_t)16)

/* What was found, in place. `items` is memory of the C library, as it is written without the GIL. */
typedef struct Answers {
  firn_answer* items;
  size_t count;
  firn_pin_t pin; /* holds the bytes of all */
} Answers;

static bool pack_keys(Packed* packed, uint32_t ns, PyObject* keys) {
  PyObject* iterator = PyObject_GetIter(keys);
  if (iterator == NULL) return false;
  PyObject* key;
  while ((key = PyIter_Next(iterator)) != NULL) {
    Bytes bytes;
    bool done = bytes_take(key, &bytes);
    if (done) {
      done = packed_key(packed, ns, &bytes);
      bytes_release(&bytes);
    }
    Py_DECREF(key);
    if (!done) break;
  }
  Py_DECREF(iterator);
  return !PyErr_Occurred();
}

static int64_t look_up(Reader* self, const Packed* keys, bool is_copied, Answers* answers) {
  PyThreadState* thread = keys->count > GIL_KEY_COUNT_MAX ? PyEval_SaveThread() : NULL;
  const int64_t found = self->txn != NULL ? firn_txn_multi_pin(self->txn, keys->data, keys->len, answers->items, keys->count, &answers->pin)
                                          : firn_multi_pin(self->db, keys->data, keys->len, answers->items, keys->count, &answers->pin);
  for (int64_t i = 0; thread != NULL && is_copied && i < found; ++i) touch_pages(answers->items[i].data, answers->items[i].len);
  if (thread != NULL) PyEval_RestoreThread(thread);
  return found;
}

/* False: an exception is set, and there is nothing to be freed. is_copied: the values are going to be copied under the GIL. */
static bool answers_take(Reader* self, PyObject* keys, bool is_copied, Answers* answers) {
  Packed packed = {0};
  bool done = false;
  answers->items = NULL;
  if (pack_keys(&packed, self->ns, keys)) {
    answers->count = packed.count;
    answers->items = malloc((packed.count + 1) * sizeof *answers->items); /* never of no bytes, which may be NULL */
    const int64_t found = answers->items != NULL ? look_up(self, &packed, is_copied, answers) : FIRN_NO_MEMORY;
    done = found >= 0;
    if (!done) reader_failed(self, found);
  }
  packed_free(&packed);
  if (!done) free(answers->items);
  return done;
}

/* The value as bytes; with the Pin of all as a view. */
static PyObject* answer_value(Reader* self, const firn_answer* answer, PyObject* otherwise, PyObject* whole) {
  if (answer->code == FIRN_NOT_FOUND) {
    Py_INCREF(otherwise);
    return otherwise;
  }
  if (answer->code != FIRN_OK) return reader_failed(self, answer->code);
  if (whole == NULL) return PyBytes_FromStringAndSize((const char*)answer->data, (Py_ssize_t)answer->len);
  firn_pin_t part = {.data = answer->data, .len = answer->len, .version = answer->version};
  return pin_view(self->state, &part, whole);
}

static PyObject* answers_as_list(Reader* self, const Answers* answers, PyObject* otherwise, PyObject* whole) {
  PyObject* list = PyList_New((Py_ssize_t)answers->count);
  for (size_t i = 0; list != NULL && i < answers->count; ++i) {
    PyObject* value = answer_value(self, &answers->items[i], otherwise, whole);
    if (value == NULL || PyList_SetItem(list, (Py_ssize_t)i, value) < 0) Py_CLEAR(list);
  }
  return list;
}

PyObject* reader_get_many(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  static const char* const names[] = {"keys", "default"};
  static const Signature signature = {"get_many", names, 1, 2, 2};
  PyObject* values[2];
  Answers answers;
  if (!arguments_parse(&signature, args, given, kwnames, values) || !answers_take(self, values[0], true, &answers)) return NULL;
  PyObject* list = answers_as_list(self, &answers, values[1] != NULL ? values[1] : Py_None, NULL);
  firn_unpin(&answers.pin);
  free(answers.items);
  return list;
}

PyObject* reader_pin_many(Reader* self, PyObject* keys) {
  Answers answers;
  if (!answers_take(self, keys, false, &answers)) return NULL;
  PyObject* whole = pin_new(self->state, &answers.pin, NULL);
  PyObject* list = whole != NULL ? answers_as_list(self, &answers, Py_None, whole) : NULL;
  Py_XDECREF(whole);
  free(answers.items);
  return list;
}
