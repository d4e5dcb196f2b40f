/*
 * iterator.c: the type Iterator: a scan, entry by entry, out of chunks that the engine packs. The first chunk is small, as many scans are
 * short, and each later one four times larger, up to 256 KiB; in a transaction that writes a chunk is one entry. While one thread refills without the GIL another one that comes is
 * refused. An iterator whose database or transaction was closed, or whose process was forked, gives nothing more.
 */
#include "native.h"

#include <string.h>

#define CHUNK_FIRST_BYTES ((size_t)4 * 1024)
#define CHUNK_BYTES_MAX ((size_t)256 * 1024)

typedef enum Kind { KIND_KEYS, KIND_VALUES, KIND_ITEMS, KIND_ENTRIES, KIND_COUNT } Kind;

typedef struct Iterator {
  PyObject_HEAD Reader* source;
  firn_iter* iter;
  uint8_t* chunk;
  size_t cap;
  size_t used;
  size_t at;
  uint64_t fork_count;
  Kind kind;
  bool is_costly; /* a chunk may take long to fill: with a glob */
  bool is_exact;  /* over a transaction, whose reads are those entries that were asked for: one by one */
  bool is_busy;
  bool is_ended; /* until a seek */
} Iterator;

uint64_t fork_count = 0;

/* What _scan takes, as the engine takes it. */
typedef struct Range {
  firn_scan_opts opts;
  Bytes start;
  Bytes stop;
  Bytes prefix;
  Bytes glob;
  Kind kind;
} Range;

static void range_release(Range* range) {
  bytes_release(&range->start);
  bytes_release(&range->stop);
  bytes_release(&range->prefix);
  bytes_release(&range->glob);
}

/* A bound of no bytes is no null pointer. */
static const uint8_t* bound_data(const Bytes* bytes, PyObject* given) {
  static const uint8_t nothing[1] = {0};
  if (given == NULL || given == Py_None) return NULL;
  return bytes->len == 0 ? nothing : bytes->data;
}

static bool range_flags(Range* range, PyObject* kind, PyObject* reverse) {
  static const uint32_t flags_of[KIND_COUNT] = {FIRN_SCAN_KEYS_ONLY, 0, 0, FIRN_SCAN_ENTRIES};
  uint64_t number;
  if (!argument_u64(kind, 0, &number)) return false;
  const int is_reverse = argument_flag(reverse);
  if (is_reverse < 0) return false;
  if (number >= KIND_COUNT) {
    PyErr_SetString(PyExc_ValueError, "no such kind of scan");
    return false;
  }
  range->kind = (Kind)number;
  range->opts.flags = flags_of[number] | (is_reverse ? FIRN_SCAN_REVERSE : 0u);
  return true;
}

/* A limit of 0 gives nothing (*is_empty), where the engine would take it for none. */
static bool range_take(Range* range, Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames, bool* is_empty) {
  static const char* const names[] = {"kind", "start", "stop", "prefix", "reverse", "limit", "glob"};
  static const Signature signature = {"_scan", names, 1, 7, 7};
  PyObject* values[7];
  uint64_t limit;
  memset(range, 0, sizeof *range);
  if (!arguments_parse(&signature, args, given, kwnames, values)) return false;
  if (!range_flags(range, values[0], values[4]) || !argument_u64(values[5], UINT64_MAX, &limit)) return false;
  if (!bytes_take_optional(values[1], &range->start) || !bytes_take_optional(values[2], &range->stop) ||
      !bytes_take_optional(values[3], &range->prefix) || !bytes_take_optional(values[6], &range->glob)) {
    range_release(range);
    return false;
  }
  firn_scan_opts* opts = &range->opts;
  opts->struct_size = sizeof *opts;
  opts->ns = self->ns;
  opts->lower = bound_data(&range->start, values[1]);
  opts->lower_len = range->start.len;
  opts->upper = bound_data(&range->stop, values[2]);
  opts->upper_len = range->stop.len;
  opts->prefix = bound_data(&range->prefix, values[3]);
  opts->prefix_len = range->prefix.len;
  opts->glob = (const char*)bound_data(&range->glob, values[6]); /* of length 0: up to the NUL, which comes at once */
  opts->glob_len = range->glob.len;
  opts->limit = limit == UINT64_MAX ? 0 : limit;
  *is_empty = limit == 0;
  return true;
}

static firn_iter* range_open(Reader* self, const Range* range) {
  firn_error error = FIRN_ERROR_INIT;
  firn_iter* iter = firn_scan(self->db, self->txn, &range->opts, &error);
  if (iter == NULL) raise_error(self->state, &error);
  return iter;
}

PyObject* reader_scan(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  Range range;
  bool is_empty;
  if (!range_take(&range, self, args, given, kwnames, &is_empty)) return NULL;
  firn_iter* iter = range_open(self, &range);
  range_release(&range);
  if (iter == NULL) return NULL;
  const allocfunc allocate = (allocfunc)PyType_GetSlot(self->state->iterator_type, Py_tp_alloc);
  Iterator* scan = (Iterator*)allocate(self->state->iterator_type, 0);
  if (scan == NULL || is_empty) {
    firn_iter_close(iter);
    iter = NULL;
  }
  if (scan == NULL) return NULL;
  Py_INCREF((PyObject*)self);
  scan->source = self;
  scan->iter = iter;
  scan->kind = range.kind;
  scan->is_exact = PyObject_TypeCheck((PyObject*)self, self->state->writer_type);
  scan->is_costly = range.opts.glob != NULL;
  scan->fork_count = fork_count;
  return (PyObject*)scan;
}

PyObject* reader_count(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames) {
  enum { kEntriesMax = 256 };
  firn_kv entries[kEntriesMax];
  Range range;
  bool is_empty;
  if (!range_take(&range, self, args, given, kwnames, &is_empty)) return NULL;
  range.opts.flags = (range.opts.flags & ~FIRN_SCAN_ENTRIES) | FIRN_SCAN_KEYS_ONLY;
  firn_iter* iter = range_open(self, &range);
  range_release(&range);
  if (iter == NULL) return NULL;
  int64_t count = 0;
  int64_t found = 0;
  Py_BEGIN_ALLOW_THREADS
    while (!is_empty && (found = firn_iter_entries(iter, entries, kEntriesMax)) > 0) count += found;
    firn_iter_close(iter);
  Py_END_ALLOW_THREADS
  return found < 0 ? reader_failed(self, found) : PyLong_FromLongLong(count);
}

/* ---- Chunks */

static bool grow_chunk(Iterator* self, size_t cap) {
  uint8_t* chunk = realloc(self->chunk, cap);
  if (chunk == NULL) {
    PyErr_NoMemory();
    return false;
  }
  self->chunk = chunk;
  self->cap = cap;
  return true;
}

static int64_t fill_chunk(Iterator* self, size_t cap) {
  int64_t filled;
  if (cap <= CHUNK_FIRST_BYTES && !self->is_costly) return firn_iter_chunk(self->iter, self->chunk, cap);
  self->is_busy = true;
  Py_BEGIN_ALLOW_THREADS
    filled = firn_iter_chunk(self->iter, self->chunk, cap);
  Py_END_ALLOW_THREADS
  self->is_busy = false;
  return filled;
}

static void end_scan(Iterator* self) {
  firn_iter_close(self->iter);
  self->iter = NULL;
  self->at = self->used = 0;
}

/* Room for the next chunk; 0: an exception is set. An exact scan asks for too little, to be told the size of one entry. */
static size_t next_cap(Iterator* self) {
  if (self->cap < (self->is_exact ? CHUNK_FIRST_BYTES : CHUNK_BYTES_MAX))
    if (!grow_chunk(self, self->cap == 0 ? CHUNK_FIRST_BYTES : self->cap * 4)) return 0;
  return self->is_exact ? sizeof(uint64_t) : self->cap;
}

/* Makes room for the entry that did not fit, whose size is in the chunk. */
static size_t needed_cap(Iterator* self) {
  uint64_t needed;
  memcpy(&needed, self->chunk, sizeof needed);
  if (needed > PY_SSIZE_T_MAX) PyErr_NoMemory();
  if (needed > PY_SSIZE_T_MAX || (needed > self->cap && !grow_chunk(self, (size_t)needed))) return 0;
  return (size_t)needed;
}

/* The next chunk. 1: there is one, 0: the end, -1: an exception is set. */
static int refill(Iterator* self) {
  size_t cap = next_cap(self);
  while (cap > 0) {
    const int64_t filled = fill_chunk(self, cap);
    self->at = 0;
    self->used = filled > 0 ? (size_t)filled : 0;
    if (filled > 0) return 1;
    if (filled == 0) {
      self->is_ended = true;
      return 0;
    }
    if (filled != FIRN_TOO_LARGE) {
      reader_failed(self->source, filled);
      return -1;
    }
    cap = needed_cap(self);
  }
  return -1;
}

/* Whether the scan can go on; otherwise an exception is set. */
static bool is_usable(Iterator* self) {
  ModuleState* state = self->source->state;
  if (self->is_busy) return raise_code(state, FIRN_MISUSE) != NULL;
  if (reader_is_over(self->source)) return raise_code(state, FIRN_CLOSED) != NULL;
  if (self->fork_count != fork_count) return raise_code(state, FIRN_FORKED) != NULL;
  return true;
}

/* An entry of a key and a value as a tuple. Both bytes are made before the tuple: making a tuple can start a collection, and a finalizer in it
 * can move this scan on, so that the chunk is no longer what it was. Bytes start none. */
static PyObject* entry_tuple(Kind kind, PyObject* key, PyObject* value, uint64_t version, int64_t expiry_ms) {
  if (key == NULL || value == NULL) {
    Py_XDECREF(key);
    Py_XDECREF(value);
    return NULL;
  }
  if (kind == KIND_ENTRIES) return Py_BuildValue("NNKL", key, value, (unsigned long long)version, (long long)expiry_ms);
  PyObject* pair = PyTuple_Pack(2, key, value); /* without a format to be read for each pair */
  Py_DECREF(key);
  Py_DECREF(value);
  return pair;
}

/* The entry at self->at, which is moved on. */
static PyObject* take_entry(Iterator* self) {
  uint32_t lengths[2];
  struct {
    uint64_t version;
    int64_t expiry_ms;
  } more = {0, 0};
  const uint8_t* at = self->chunk + self->at;
  memcpy(lengths, at, sizeof lengths);
  at += sizeof lengths;
  if (self->kind == KIND_ENTRIES) {
    memcpy(&more, at, sizeof more);
    at += sizeof more;
  }
  const uint8_t* value = at + lengths[0];
  self->at = (size_t)(value - self->chunk) + lengths[1];
  const Kind kind = self->kind;
  PyObject* key_bytes = kind == KIND_VALUES ? NULL : PyBytes_FromStringAndSize((const char*)at, (Py_ssize_t)lengths[0]);
  if (kind == KIND_KEYS) return key_bytes;
  PyObject* value_bytes = PyBytes_FromStringAndSize((const char*)value, (Py_ssize_t)lengths[1]);
  return kind == KIND_VALUES ? value_bytes : entry_tuple(kind, key_bytes, value_bytes, more.version, more.expiry_ms);
}

/* NULL without an exception is the end. */
static PyObject* next_entry(Iterator* self) {
  if (self->iter == NULL || !is_usable(self) || self->is_ended) return NULL;
  if (self->at == self->used && refill(self) <= 0) return NULL;
  return take_entry(self);
}

static PyObject* iterator_next(Iterator* self) {
  PyObject* entry;
  LOCKED_BEGIN(self)
    entry = next_entry(self);
  LOCKED_END
  return entry;
}

static PyObject* iterator_take(Iterator* self, PyObject* count) {
  uint64_t wanted;
  if (!argument_u64(count, 0, &wanted)) return NULL;
  PyObject* list = PyList_New(0);
  while (list != NULL && wanted-- > 0) {
    PyObject* entry = iterator_next(self);
    if (entry == NULL && !PyErr_Occurred()) break;
    if (entry == NULL || PyList_Append(list, entry) < 0) Py_CLEAR(list);
    Py_XDECREF(entry);
  }
  return list;
}

static PyObject* iterator_seek(Iterator* self, PyObject* key) {
  Bytes bytes;
  int32_t code = FIRN_CLOSED;
  if (!bytes_take(key, &bytes)) return NULL;
  bool is_possible;
  LOCKED_BEGIN(self)
    is_possible = is_usable(self); /* after the key was taken: its exporter is Python code, which can end or use the scan */
    if (is_possible && self->iter != NULL) code = firn_iter_seek(self->iter, bytes.data, bytes.len);
    if (code == FIRN_OK) {
      self->at = self->used = 0;
      self->is_ended = false;
    }
  LOCKED_END
  bytes_release(&bytes);
  if (!is_possible) return NULL;
  if (code != FIRN_OK) return reader_failed(self->source, code);
  Py_INCREF((PyObject*)self);
  return (PyObject*)self;
}

static PyObject* iterator_close(Iterator* self, PyObject* unused) {
  (void)unused;
  bool is_refused;
  LOCKED_BEGIN(self)
    is_refused = self->is_busy;
    if (!is_refused && self->iter != NULL) end_scan(self);
  LOCKED_END
  return is_refused ? raise_code(self->source->state, FIRN_MISUSE) : Py_BuildValue("");
}

static PyObject* iterator_enter(Iterator* self, PyObject* unused) {
  (void)unused;
  Py_INCREF((PyObject*)self);
  return (PyObject*)self;
}

static PyObject* iterator_exit(Iterator* self, PyObject* const* args, Py_ssize_t given) {
  (void)args;
  (void)given;
  return iterator_close(self, NULL);
}

static PyObject* iterator_self(PyObject* self) {
  Py_INCREF(self);
  return self;
}

static int iterator_traverse(Iterator* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE((PyObject*)self));
  Py_VISIT((PyObject*)self->source);
  return 0;
}

static void iterator_dealloc(Iterator* self) {
  PyObject_GC_UnTrack(self);
  firn_iter_close(self->iter);
  free(self->chunk);
  Py_XDECREF((PyObject*)self->source);
  object_free((PyObject*)self);
}

static PyMethodDef iterator_methods[] = {
    METHOD_PLAIN("take", iterator_take, METH_O,
                 "take($self, count, /)\n--\n\nThe next entries, at most count, as a list; empty at the end."),
    METHOD_PLAIN("seek", iterator_seek, METH_O,
                 "seek($self, key, /)\n--\n\nGoes to the first key that is not less (in reverse: not greater) than key, within the "
                 "bounds.\n\nA limit "
                 "starts anew, and so does a scan that had come to its end. Returns the iterator."),
    METHOD_PLAIN("close", iterator_close, METH_NOARGS, "close($self, /)\n--\n\nEnds the scan and lets go of its snapshot."),
    METHOD_PLAIN("__enter__", iterator_enter, METH_NOARGS, "__enter__($self, /)\n--\n\nThe iterator."),
    METHOD_PLAIN("__exit__", iterator_exit, METH_FASTCALL, "__exit__($self, /, *args)\n--\n\nCloses it."),
    {NULL, NULL, 0, NULL}};

static PyType_Slot iterator_slots[] = {
    {Py_tp_doc, (void*)PyDoc_STR("A scan in key order over a snapshot, which later writes do not disturb.")},
    {Py_tp_new, type_not_callable},
    {Py_tp_dealloc, iterator_dealloc},
    {Py_tp_traverse, iterator_traverse},
    {Py_tp_iter, iterator_self},
    {Py_tp_iternext, iterator_next},
    {Py_tp_methods, iterator_methods},
    {0, NULL}};

static PyType_Spec iterator_spec = {"firn._firn.Iterator", sizeof(Iterator), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, iterator_slots};

bool iterator_type_add(PyObject* module, ModuleState* state) {
  state->iterator_type = type_add(module, &iterator_spec, NULL);
  return state->iterator_type != NULL;
}
