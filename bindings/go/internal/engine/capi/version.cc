#include <cstdio>

#include <zlib.h>
#if defined(FIRN_HAVE_LIBDEFLATE)
#include <libdeflate.h>
#endif
#if defined(FIRN_HAVE_LZ4)
#include <lz4.h>
#endif
#if defined(FIRN_HAVE_ZSTD)
#include <zstd.h>
#endif

#include "firn.h"
#include "table/table.h"

#define FIRN_TEXT_INNER(x) #x
#define FIRN_TEXT(x) FIRN_TEXT_INNER(x)

namespace firn {
namespace {

#if defined(__clang__)
#define FIRN_COMPILER "clang " FIRN_TEXT(__clang_major__) "." FIRN_TEXT(__clang_minor__) "." FIRN_TEXT(__clang_patchlevel__)
#else
#define FIRN_COMPILER "gcc " FIRN_TEXT(__GNUC__) "." FIRN_TEXT(__GNUC_MINOR__) "." FIRN_TEXT(__GNUC_PATCHLEVEL__)
#endif

struct BuildInfo {
  char text[384];

  BuildInfo() {
#if defined(FIRN_HAVE_LIBDEFLATE)
    const char* checksum = "libdeflate " LIBDEFLATE_VERSION_STRING;
#else
    const char* checksum = "zlib " ZLIB_VERSION;
#endif
#if defined(FIRN_HAVE_LZ4)
    const char* lz4 = " lz4 " LZ4_VERSION_STRING;
#else
    const char* lz4 = "";
#endif
#if defined(FIRN_HAVE_ZSTD)
    const char* zstd = " zstd " ZSTD_VERSION_STRING;
#else
    const char* zstd = "";
#endif
    std::snprintf(text, sizeof text,
                  "firn %d.%d.%d; %s; crc32: %s; compression: none%s%s; log: mmap pwrite; table: mmap pread; sync: fdatasync",
                  FIRN_VERSION_MAJOR, FIRN_VERSION_MINOR, FIRN_VERSION_PATCH, FIRN_COMPILER, checksum,
                  compression_is_built_in(Compression::kLz4) ? lz4 : "", compression_is_built_in(Compression::kZstd) ? zstd : "");
  }
};

}  // namespace
}  // namespace firn

uint32_t firn_version(void) {
  return uint32_t{FIRN_VERSION_MAJOR} << 16 | uint32_t{FIRN_VERSION_MINOR} << 8 | uint32_t{FIRN_VERSION_PATCH};
}

const char* firn_build_info(void) {
  static const firn::BuildInfo info;
  return info.text;
}
