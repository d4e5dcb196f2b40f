# The libraries under the engine, from static archives: a wheel that needs the shared ones of the machine it was made on runs on few others. An archive serves when
# what the engine calls can be linked from it into a shared object (it was compiled with -fPIC, or with -fPIE and the calls reach no data of other libraries).
# An optional library without such an archive is left out; zlib, which the engine cannot do without and every policy for wheels allows, is then shared. The C++ library stays
# shared: as an archive it asks for a newer C library (arc4random of glibc 2.36 with g++ 12) than the engine itself does.

# Sets `result` to the path of lib<name>.a, or to "" when there is none that serves.
function(firn_find_archive result name)
  find_library(FIRN_ARCHIVE_${name} lib${name}.a)
  set(${result} "" PARENT_SCOPE)
  if(NOT FIRN_ARCHIVE_${name})
    return()
  endif()
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/archive-${name})
  set(source "")
  foreach(call IN LISTS ARGN)
    string(APPEND source "extern void ${call}(void); void (*const user_of_${call})(void) = ${call};\n")
  endforeach()
  file(WRITE ${folder}/calls.c "${source}")
  try_compile(serves ${folder} ${folder}/calls.c
              COMPILE_DEFINITIONS -fPIC
              LINK_OPTIONS -shared LINKER:--exclude-libs,ALL LINKER:-z,text
              LINK_LIBRARIES ${FIRN_ARCHIVE_${name}}
              OUTPUT_VARIABLE output)
  if(serves)
    set(${result} ${FIRN_ARCHIVE_${name}} PARENT_SCOPE)
  else()
    message(STATUS "${FIRN_ARCHIVE_${name}} cannot be linked into a shared object:\n${output}")
  endif()
endfunction()

set(FIRN_LIBDEFLATE_CALLS deflate libdeflate_crc32)
set(FIRN_LZ4_CALLS lz4 LZ4_compress_default LZ4_decompress_safe LZ4_versionString)
set(FIRN_ZSTD_CALLS zstd ZSTD_createCCtx ZSTD_compressCCtx ZSTD_createDCtx ZSTD_decompressDCtx ZSTD_versionString)
foreach(feature LIBDEFLATE LZ4 ZSTD)
  if(DEFINED FIRN_WITH_${feature} AND NOT FIRN_WITH_${feature}) # OFF was given
    continue()
  endif()
  firn_find_archive(archive ${FIRN_${feature}_CALLS})
  if(archive)
    set(FIRN_${feature}_LIBRARY ${archive}) # the engine looks no further
  elseif("${FIRN_WITH_${feature}}" STREQUAL "ON")
    message(FATAL_ERROR "FIRN_WITH_${feature} is ON, but there is no static archive of it that serves: give FIRN_ARCHIVES=OFF to link a shared library")
  else()
    message(WARNING "${feature} is left out: there is no static archive of it that serves (FIRN_ARCHIVES=OFF links a shared library)")
    set(FIRN_WITH_${feature} OFF)
  endif()
endforeach()
firn_find_archive(archive z crc32_z zlibVersion)
if(archive)
  set(ZLIB_LIBRARY ${archive})
endif()
