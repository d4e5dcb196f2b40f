// For libraries to be preloaded before Firn's: the function that one of them stands before.
#pragma once

#include <dlfcn.h>

#include "firn.h"

template <class Function>
Function* real_function(Function*, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

#define REAL(function) real_function(&function, #function)
