/*
 * A user that links nothing: loads libfirn.so at run time and resolves one symbol, firn_get_api; all else comes from its table.
 *     dlopen LIBRARY DIR
 */
#include <dlfcn.h>
#include <firn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECT(condition)                                                     \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                \
    }                                                                         \
  } while (0)

typedef const firn_api* (*get_api_fn)(uint32_t major);

static const uint8_t* bytes(const char* text) { return (const uint8_t*)text; }

/* The whole life of a database through the table. */
static void use(const firn_api* api, const char* dir) {
  firn_error error = FIRN_ERROR_INIT;
  uint8_t found[16];
  firn_db* db = api->open(dir, NULL, &error);
  if (db == NULL) {
    fprintf(stderr, "open %s: %s: %s\n", dir, api->status_name(error.code), error.message);
    exit(1);
  }
  EXPECT(api->put(db, 0, bytes("key"), 3, bytes("value"), 5) == FIRN_OK);
  EXPECT(api->get(db, 0, bytes("key"), 3, found, sizeof found) == 5);
  EXPECT(memcmp(found, "value", 5) == 0);
  EXPECT(api->close(db) == FIRN_OK);
  db = api->open(dir, NULL, &error);
  EXPECT(db != NULL);
  EXPECT(api->get(db, 0, bytes("key"), 3, found, sizeof found) == 5);
  EXPECT(memcmp(found, "value", 5) == 0);
  EXPECT(api->del(db, 0, bytes("key"), 3) == FIRN_OK);
  EXPECT(api->exists(db, 0, bytes("key"), 3) == 0);
  EXPECT(api->close(db) == FIRN_OK);
}

int main(int argc, char** argv) {
  void *library, *symbol;
  get_api_fn get_api;
  const firn_api* api;
  EXPECT(argc == 3);
  library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  symbol = dlsym(library, "firn_get_api");
  EXPECT(symbol != NULL);
  memcpy(&get_api, &symbol, sizeof get_api); /* C89 has no cast from an object pointer to a function pointer */
  EXPECT(get_api(99) == NULL);
  api = get_api(FIRN_VERSION_MAJOR);
  EXPECT(api != NULL);
  EXPECT(api->struct_size >= sizeof(firn_api));
  EXPECT(api->version >> 16 == FIRN_VERSION_MAJOR);
  use(api, argv[2]);
  EXPECT(dlclose(library) == 0);
  EXPECT(api->version >> 16 == FIRN_VERSION_MAJOR); /* -z nodelete: the library stays mapped, its threads and marks with it */
  printf("dlopen: %s\n", api->build_info());
  return 0;
}
