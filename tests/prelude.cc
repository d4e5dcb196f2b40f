// Compiles nothing: it is the file by which CMake makes the precompiled header of the tests (tests/CMakeLists.txt).
