// The directories of a real database, of a backup and of a real durable log, made once by the engine itself, and damage to them that an input describes: so an input is
// short, and a change of a format changes nothing here.
// Threading: one thread.
#pragma once

#include "crashfs/disk_image.h"
#include "fuzz/fuzz_target.h"

namespace firn {

inline constexpr const char* kFuzzDatabase = "/db";
inline constexpr const char* kFuzzBackups = "/backups";
inline constexpr const char* kFuzzLog = "/log";

// A database with tables in two runs, plain or compressed, two namespaces, retained segments and a live log; beside it a directory with two backups of it.
const DiskImage& database_image(bool is_compressed);
// A durable log with several segments, trimmed at both ends, that was not closed.
const DiskImage& log_image();

// A directory with one file.
DiskImage image_of(const std::string& directory, const std::string& name, std::string bytes);
uint64_t bytes_of(const DiskImage& image);

// Reads damage from the input until it is empty: bytes that are overwritten, inserted, cut off, files that are removed or changed for another. Checksums of the changed files
// are made right again if `repairs`.
DiskImage damaged(const DiskImage& image, FuzzInput& input, bool repairs);

}  // namespace firn
