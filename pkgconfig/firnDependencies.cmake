# The optional libraries under Firn, found the same way when Firn is built and when its static library is used.
set(FIRN_LIBDEFLATE_HEADER libdeflate.h)
set(FIRN_LIBDEFLATE_LIBRARY_NAME deflate)
set(FIRN_LZ4_HEADER lz4.h)
set(FIRN_LZ4_LIBRARY_NAME lz4)
set(FIRN_ZSTD_HEADER zstd.h)
set(FIRN_ZSTD_LIBRARY_NAME zstd)

# Makes the imported target firn::<feature> when header and library are there; does nothing otherwise.
function(firn_find_dependency feature)
  if(TARGET firn::${feature})
    return()
  endif()
  find_path(FIRN_${feature}_INCLUDE_DIR ${FIRN_${feature}_HEADER})
  find_library(FIRN_${feature}_LIBRARY ${FIRN_${feature}_LIBRARY_NAME})
  mark_as_advanced(FIRN_${feature}_INCLUDE_DIR FIRN_${feature}_LIBRARY)
  if(FIRN_${feature}_INCLUDE_DIR AND FIRN_${feature}_LIBRARY)
    add_library(firn::${feature} UNKNOWN IMPORTED)
    set_target_properties(firn::${feature} PROPERTIES IMPORTED_LOCATION "${FIRN_${feature}_LIBRARY}"
                                                      INTERFACE_INCLUDE_DIRECTORIES "${FIRN_${feature}_INCLUDE_DIR}")
  endif()
endfunction()
