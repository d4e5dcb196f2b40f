/*
 * A user of the installed library, in C89: writes a database, reads it back, also after closing and opening again, and compares every value.
 *     consumer write DIR     makes it          consumer read DIR     opens one that `write` has made, maybe with another build
 */
#include <firn.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_COUNT 2000

#define EXPECT(condition)                                                     \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                \
    }                                                                         \
  } while (0)

static const uint8_t* bytes(const char* text) { return (const uint8_t*)text; }

/* The key and the value with number i; the value has i % 700 bytes, so some are empty. */
static size_t key_of(unsigned long i, char* key) { return (size_t)sprintf(key, "key/%06lu", i); }
static size_t value_of(unsigned long i, char* value) {
  const size_t len = (size_t)(i % 700);
  size_t at;
  for (at = 0; at < len; ++at) value[at] = (char)(i * 31 + at * 7);
  return len;
}

static firn_db* open_or_die(const char* dir, const char* create) {
  firn_error error = FIRN_ERROR_INIT;
  firn_options* options = firn_options_new();
  firn_db* db;
  EXPECT(options != NULL);
  EXPECT(firn_options_set(options, "create_if_missing", create) == FIRN_OK);
  EXPECT(firn_options_set(options, "no_such_option", "1") == FIRN_INVALID);
  db = firn_open(dir, options, &error);
  firn_options_free(options);
  if (db == NULL) {
    fprintf(stderr, "firn_open %s: %s: %s\n", dir, firn_status_name(error.code), error.message);
    exit(1);
  }
  return db;
}

static void write_all(firn_db* db) {
  char key[32], value[700];
  unsigned long i;
  for (i = 0; i < KEY_COUNT; ++i) {
    const size_t key_len = key_of(i, key);
    const size_t value_len = value_of(i, value);
    EXPECT(firn_put(db, 0, bytes(key), key_len, bytes(value), value_len) == FIRN_OK);
  }
  EXPECT(firn_put(db, 0, bytes("gone"), 4, bytes("x"), 1) == FIRN_OK);
  EXPECT(firn_delete(db, 0, bytes("gone"), 4) == FIRN_OK);
}

static void read_all(firn_db* db) {
  char key[32], value[700];
  uint8_t found[700];
  unsigned long i;
  for (i = 0; i < KEY_COUNT; ++i) {
    const size_t key_len = key_of(i, key);
    const size_t value_len = value_of(i, value);
    EXPECT(firn_get(db, 0, bytes(key), key_len, found, sizeof found) == (int64_t)value_len);
    EXPECT(memcmp(found, value, value_len) == 0);
  }
  EXPECT(firn_get(db, 0, bytes("gone"), 4, found, sizeof found) == FIRN_NOT_FOUND);
  EXPECT(firn_exists(db, 0, bytes("key/000000"), 10) == 1);
  EXPECT(firn_get(db, 0, bytes("x"), 0, found, sizeof found) == FIRN_INVALID);
}

static void scan_all(firn_db* db) {
  firn_scan_opts opts = FIRN_SCAN_OPTS_INIT;
  firn_kv entries[64];
  firn_iter* iter;
  unsigned long seen = 0;
  opts.prefix = bytes("key/");
  opts.prefix_len = 4;
  iter = firn_scan(db, NULL, &opts, NULL);
  EXPECT(iter != NULL);
  for (;;) {
    char key[32], value[700];
    int64_t i;
    const int64_t count = firn_iter_entries(iter, entries, 64);
    EXPECT(count >= 0);
    if (count == 0) break;
    for (i = 0; i < count; ++i, ++seen) {
      EXPECT(entries[i].key_len == key_of(seen, key));
      EXPECT(memcmp(entries[i].key, key, entries[i].key_len) == 0);
      EXPECT(entries[i].val_len == value_of(seen, value));
      EXPECT(memcmp(entries[i].val, value, entries[i].val_len) == 0);
    }
  }
  firn_iter_close(iter);
  EXPECT(seen == KEY_COUNT);
}

int main(int argc, char** argv) {
  firn_error error = FIRN_ERROR_INIT;
  firn_db* db;
  EXPECT(argc == 3);
  EXPECT(firn_version() == ((uint32_t)FIRN_VERSION_MAJOR << 16 | (uint32_t)FIRN_VERSION_MINOR << 8 | (uint32_t)FIRN_VERSION_PATCH));
  EXPECT(strcmp(firn_status_name(FIRN_NOT_FOUND), "FIRN_NOT_FOUND") == 0);
  if (strcmp(argv[1], "write") == 0) {
    db = open_or_die(argv[2], "true");
    write_all(db);
    read_all(db);
    EXPECT(firn_open(argv[2], NULL, &error) == NULL);
    EXPECT(error.code == FIRN_LOCKED);
    EXPECT(firn_close(db) == FIRN_OK);
    EXPECT(firn_put(db, 0, bytes("a"), 1, bytes("b"), 1) == FIRN_CLOSED);
  }
  db = open_or_die(argv[2], "false");
  read_all(db);
  scan_all(db);
  EXPECT(firn_close(db) == FIRN_OK);
  EXPECT(firn_check(argv[2], &error) == FIRN_OK);
  printf("%s: %d keys, %s\n", argv[1], KEY_COUNT, firn_build_info());
  return 0;
}
