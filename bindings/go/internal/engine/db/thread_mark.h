// The marks of threads live in env/: this name stays until all who include it have moved.
#pragma once
#include "env/thread_mark.h"
