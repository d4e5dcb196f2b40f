/*
 * native.h: what the files of the extension module firn._firn share.
 *
 * Every object is one C struct over a handle of firn.h. Handles are checked by the engine: one that was closed, or that belongs to the
 * process before a fork, answers with a code. So the order in which the garbage collector takes objects away cannot crash.
 *
 * Threads: the GIL protects the structs. It is released around calls that can wait: opening, closing, syncing, flushing, compacting,
 * commits, large batches and look-ups, refills of scans. A put is first tried with FIRN_NO_BLOCK under the GIL; only when it
 * would have to wait, or when every commit waits for the disk, it is done without the GIL.
 * A free-threaded interpreter has no GIL. There the flags of a Reader and a RecordLog are atomic, and the engine judges every handle; what an
 * Iterator and a Batch hold is changed under the lock of the object; closing and taking a descriptor lock the database or the log; a dictionary
 * whose pairs are put is locked. These locks are given up where the GIL would be, so "is_busy" says the same in both.
 */
#ifndef FIRN_PYTHON_NATIVE_H_
#define FIRN_PYTHON_NATIVE_H_

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <firn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

/* What stands between the two, the lock of the object keeps to one thread; with a GIL they are but braces. No return in between. */
#if defined(Py_GIL_DISABLED)
#define LOCKED_BEGIN(object) Py_BEGIN_CRITICAL_SECTION(object);
#define LOCKED_END Py_END_CRITICAL_SECTION();
#else
#define LOCKED_BEGIN(object) {
#define LOCKED_END }
#endif

/* One per interpreter: the types, and what is taken from firn.errors. */
typedef struct ModuleState {
  PyObject* failure;        /* firn.errors.failure(code, os_errno, message, file, offset): an exception */
  PyObject* key_missing;    /* firn.errors.NotFoundError */
  PyObject* record_missing; /* firn.errors.RecordNotFoundError */
  PyTypeObject* reader_type;
  PyTypeObject* writer_type;
  PyTypeObject* store_type;
  PyTypeObject* iterator_type;
  PyTypeObject* batch_type;
  PyTypeObject* pin_type;
  PyTypeObject* log_type;
} ModuleState;

/* A place to read from, and, for the subtypes, to write to: a database (source NULL), a namespace, a transaction, a namespace as a transaction
 * sees it. `source` is what it was made from, and is kept alive by it. */
typedef struct Reader {
  PyObject_HEAD ModuleState* state;
  firn_db* db;
  firn_txn* txn; /* NULL: reads the present */
  struct Reader* source;
  uint64_t fork_count; /* when it was made */
  uint32_t ns;
  bool owns_db;
  bool owns_txn;
  atomic_bool is_closed;
  atomic_bool is_committed; /* a transaction, or it was refused: its iterators are over */
  bool is_memory;           /* ":memory:": nothing is lost when it is not closed */
  bool commits_block;       /* durability=sync: every commit waits for the disk */
} Reader;

/* ---- Arguments (arguments.c) */

/* The bytes of any object with a buffer, borrowed until bytes_release. */
typedef struct Bytes {
  const uint8_t* data;
  size_t len;
  Py_buffer view; /* view.obj NULL: data belongs to a bytes object that the caller holds */
} Bytes;
bool bytes_take(PyObject* object, Bytes* bytes);
/* None becomes data NULL. */
bool bytes_take_optional(PyObject* object, Bytes* bytes);
void bytes_release(Bytes* bytes);

/* Parameters of a function: those before `keyword_only` may be given by place; all may be given by name. */
typedef struct Signature {
  const char* function;
  const char* const* names;
  Py_ssize_t required;
  Py_ssize_t keyword_only;
  Py_ssize_t count;
} Signature;
/* Fills values[count]; what was not given is NULL. */
bool arguments_parse(const Signature* signature, PyObject* const* args, Py_ssize_t given, PyObject* kwnames, PyObject** values);

/* A truth value; NULL is false. -1: an exception is set. */
int argument_flag(PyObject* object);
/* Seconds (int, float or timedelta) in whole milliseconds, rounded up; NULL and None give 0. Not positive: ValueError. */
bool argument_ttl_ms(PyObject* object, int64_t* ttl_ms);
/* A non-negative integer below 2^64; NULL and None give `otherwise`. */
bool argument_u64(PyObject* object, uint64_t otherwise, uint64_t* value);
bool argument_i64(PyObject* object, int64_t* value);

/* ---- Errors (errors.c): each sets an exception and returns NULL */

PyObject* raise_code(ModuleState* state, int64_t code);
PyObject* raise_error(ModuleState* state, const firn_error* error);
/* Whether it is a code whose cause the engine keeps: firn_db_error, firn_log_error. */
bool code_is_of_disk(int64_t code);
/* The exception of a code with file, offset and errno of its cause, where there is one. */
PyObject* raise_with_cause(ModuleState* state, int64_t code, const firn_error* cause);
/* The same of a call on a database or a transaction. */
PyObject* reader_failed(const Reader* self, int64_t code);
/* Raises nothing, but returns: what firn_db_error or firn_log_error has told, as an exception, or None. */
PyObject* last_error_as_object(ModuleState* state, int32_t code, const firn_error* error);
PyObject* raise_key_missing(ModuleState* state, PyObject* key);

/* ---- Packed operations (packed.c) */

typedef struct Packed {
  uint8_t* data;
  size_t len;
  size_t cap;
  size_t count;
} Packed;
/* Room for `len` more bytes; false: MemoryError is set. */
bool packed_reserve(Packed* packed, size_t len);
bool packed_operation(Packed* packed, uint32_t kind, uint32_t ns, const Bytes* key, const uint8_t* value, size_t value_len, int64_t ttl_ms);
bool packed_key(Packed* packed, uint32_t ns, const Bytes* key);
/* A record of a log. */
bool packed_record(Packed* packed, const Bytes* data);
void packed_free(Packed* packed);
/* Takes the pairs of a mapping or of an iterable as puts. */
bool packed_put_pairs(Packed* packed, uint32_t ns, PyObject* pairs, int64_t ttl_ms);
/* The keys in [lower, upper), borrowed until key_range_release. */
typedef struct KeyRange {
  Bytes lower;
  Bytes upper;
  bool is_open; /* there is no upper bound */
} KeyRange;
/* None is an open bound. */
bool key_range_take(PyObject* start, PyObject* stop, KeyRange* range);
void key_range_release(KeyRange* range);
/* Deletes all keys in the range; an empty one adds nothing. */
bool packed_delete_range(Packed* packed, uint32_t ns, const KeyRange* range);

/* ---- Reading and writing, database or transaction */

/* At most this many bytes go over with the GIL held. */
#define GIL_BYTES_MAX ((size_t)64 * 1024)

int64_t reader_read(Reader* self, const Bytes* key, uint8_t* buf, size_t cap, firn_entry* entry);
/* The value as bytes, or NULL: *code is FIRN_NOT_FOUND (no exception is set), or an exception is set. */
PyObject* reader_value(Reader* self, const Bytes* key, firn_entry* entry, int64_t* code);
/* Reads of every page of these bytes: without the GIL, so that the disk is waited for there, and not in a copy under the GIL. */
void touch_pages(const uint8_t* data, size_t len);
/* A descriptor of the caller's own, made from the engine's, or -1 and an exception is set. To be called where no close can come in between. */
int own_descriptor(int32_t descriptor);
/* Whether it, or what it was made from, was closed. */
bool reader_is_closed(const Reader* self);
/* Whether iterators over it give nothing more: it was closed, or its transaction committed. */
bool reader_is_over(const Reader* self);
/* Applies a packed batch, to the database or to the transaction. The version, or a code. */
int64_t reader_write(Reader* self, const uint8_t* packed, size_t len, bool is_sync);
/* Puts the pairs of a mapping or of an iterable, all or none. What reader_write tells, or NULL. */
PyObject* reader_put_pairs(Reader* self, PyObject* pairs, PyObject* ttl, bool is_sync);
/* A new object of `cls` over the same handles. */
Reader* reader_new(ModuleState* state, PyTypeObject* cls, Reader* source);

/* ---- Types: each makes itself and joins the module */

bool reader_type_add(PyObject* module, ModuleState* state);
bool writer_type_add(PyObject* module, ModuleState* state);
bool store_type_add(PyObject* module, ModuleState* state);
bool iterator_type_add(PyObject* module, ModuleState* state);
bool batch_type_add(PyObject* module, ModuleState* state);
bool pin_type_add(PyObject* module, ModuleState* state);
bool log_type_add(PyObject* module, ModuleState* state);
/* Makes the type from `spec`, with `base` or NULL, and adds it under the last part of its name. */
PyTypeObject* type_add(PyObject* module, PyType_Spec* spec, PyTypeObject* base);
/* tp_new of types whose objects come from functions. */
PyObject* type_not_callable(PyTypeObject* type, PyObject* args, PyObject* kwargs);
/* The tail of every dealloc. */
void object_free(PyObject* self);

/* ---- Functions of the module (database.c, operate.c, changes.c, options.c, log.c) and makers of objects */

extern PyMethodDef database_functions[];
extern PyMethodDef operate_functions[];
extern PyMethodDef changes_functions[];
extern PyMethodDef option_functions[];
extern PyMethodDef log_functions[];
/* The first argument of these functions as what it has to be. NULL: an exception is set. */
Reader* reader_of(PyObject* module, PyObject* object);
/* A path as bytes of the file system. NULL: an exception is set. */
PyObject* path_bytes(PyObject* path);
/* A call without arguments that can wait, without the GIL: None, or an exception. */
PyObject* run_released(PyObject* module, PyObject* object, int32_t (*call)(firn_db* db));
/* A Pin, which unpins when it goes (at once, on failure). `whole`: NULL, or the Pin that holds the bytes of this one, which has no owner. */
PyObject* pin_new(ModuleState* state, firn_pin_t* pin, PyObject* whole);
/* A memoryview of its bytes. */
PyObject* pin_view(ModuleState* state, firn_pin_t* pin, PyObject* whole);
PyObject* recovery_as_tuple(const firn_recovery_info* info);
/* A ResourceWarning about an object that is collected while it is open. */
void warn_unclosed(PyObject* object, const char* text);
/* Methods that are in files of their own. */
#define METHOD_FUNCTION(name) PyObject* name(Reader* self, PyObject* const* args, Py_ssize_t given, PyObject* kwnames)
PyObject* reader_pin(Reader* self, PyObject* key);
PyObject* reader_pin_many(Reader* self, PyObject* keys);
METHOD_FUNCTION(reader_get_many);
METHOD_FUNCTION(reader_scan);
METHOD_FUNCTION(reader_count);
METHOD_FUNCTION(store_add);
METHOD_FUNCTION(store_swap);
METHOD_FUNCTION(store_compare_swap);
METHOD_FUNCTION(store_expire);
PyObject* store_persist(Reader* self, PyObject* key);
PyObject* store_ttl(Reader* self, PyObject* key);
METHOD_FUNCTION(store_batch);
PyObject* writer_batch(Reader* self, PyObject* unused);
/* Options from a mapping of names to str, int and bool; NULL: an exception is set. */
firn_options* options_from(ModuleState* state, PyObject* mapping);
/* Called in the child of a fork: iterators from before it give nothing more. */
extern uint64_t fork_count;

#define METHOD(name, function, doc) \
  { name, (PyCFunction)(void (*)(void))(function), METH_FASTCALL | METH_KEYWORDS, PyDoc_STR(doc) }
#define METHOD_PLAIN(name, function, flags, doc) \
  { name, (PyCFunction)(void (*)(void))(function), flags, PyDoc_STR(doc) }

#endif /* FIRN_PYTHON_NATIVE_H_ */
