// A copy of a directory that is in use, as a kill at one moment would leave it: stores into mappings are in the files. A copy during which a file was made, removed, or made longer
// or shorter in the background is of no moment: such a one is thrown away.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>

namespace firn {

// Every file, with what shows that it is the same.
inline std::map<std::string, std::pair<ino_t, off_t>> files_below(const std::filesystem::path& directory) {
  std::map<std::string, std::pair<ino_t, off_t>> files;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    struct stat found = {};
    if (::stat(at->path().c_str(), &found) == 0) files[at->path()] = {found.st_ino, S_ISDIR(found.st_mode) ? 0 : found.st_size};
  }
  return files;
}

inline void copy_as_killed(const std::filesystem::path& from, const std::filesystem::path& to) {
  for (int attempt = 0; attempt < 1000; attempt++) {
    const auto before = files_below(from);
    std::error_code error;
    std::filesystem::remove_all(to);
    // What a manifest names was whole before: it is read first.
    if (std::filesystem::exists(from / "manifest")) {
      std::filesystem::create_directories(to, error);
      std::filesystem::copy(from / "manifest", to / "manifest", std::filesystem::copy_options::recursive, error);
    }
    constexpr auto kTheRest = std::filesystem::copy_options::recursive | std::filesystem::copy_options::skip_existing;
    if (!error) std::filesystem::copy(from, to, kTheRest, error);
    if (!error && files_below(from) == before) return;
  }
  FAIL() << from << " never rests";
}

}  // namespace firn
