// A library whose table of functions has a get that answers with another last byte: firn_turns has to notice.
#include <dlfcn.h>
#include <firn.h>

#pragma GCC visibility push(default)
extern "C" const firn_api* firn_get_api(uint32_t major) {
  static void* const real = ::dlopen("libfirn.so.0", RTLD_NOW | RTLD_LOCAL);
  static firn_api changed = *reinterpret_cast<decltype(&firn_get_api)>(::dlsym(real, "firn_get_api"))(major);
  static const auto real_get = changed.get;
  changed.get = [](firn_db* db, uint32_t ns, const uint8_t* key, size_t key_len, uint8_t* buf, size_t cap) {
    const int64_t length = real_get(db, ns, key, key_len, buf, cap);
    if (length > 0) buf[length - 1] ^= 1;
    return length;
  };
  return &changed;
}
#pragma GCC visibility pop
