#include "scratch_directory.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "failure.h"

namespace firn::cli {

ScratchDirectory::ScratchDirectory(const char* name) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  if (error) throw system_failure("there is no directory for temporary files", "$TMPDIR", error.value());
  path_ = (parent / (std::string(name) + ".XXXXXX")).string();
  if (::mkdtemp(path_.data()) == nullptr) throw system_failure("cannot make the directory", path_, errno);
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace firn::cli
