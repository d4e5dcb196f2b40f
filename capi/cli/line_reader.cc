#include "line_reader.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>

#include "failure.h"
#include "interrupt.h"

namespace firn::cli {

namespace {
constexpr size_t kReadBufferBytes = size_t{1} << 20;
}

LineReader::LineReader() : name_("(standard input)"), file_(stdin) { measure(); }

LineReader::LineReader(const std::string& path) : name_(path), file_(std::fopen(path.c_str(), "re")) {
  if (file_ == nullptr) throw system_failure("cannot open", path, errno);
  measure();
}

LineReader::~LineReader() {
  if (file_ != stdin) std::fclose(file_);
  std::free(line_);
}

void LineReader::measure() {
  std::setvbuf(file_, nullptr, _IOFBF, kReadBufferBytes);
  struct stat status {};
  if (::fstat(::fileno(file_), &status) == 0 && S_ISREG(status.st_mode)) input_bytes_total_ = static_cast<uint64_t>(status.st_size);
}

bool LineReader::next(std::string_view& line) {
  if (is_interrupted()) return false;
  errno = 0;
  const ssize_t length = ::getline(&line_, &line_capacity_, file_);
  if (length < 0) {
    if (std::feof(file_) != 0 || is_interrupted()) return false;
    if (errno == ENOMEM) throw Failure{FIRN_NO_MEMORY, "no memory for a line of the input", name_};
    throw system_failure("cannot read", name_, errno);
  }
  // A line that the signal cut is no line.
  if (is_interrupted()) return false;
  ++line_number_;
  input_bytes_ += static_cast<uint64_t>(length);
  line = std::string_view(line_, static_cast<size_t>(length));
  if (line.ends_with('\n')) line.remove_suffix(1);
  return true;
}

void LineReader::fail(const std::string& message) const {
  Failure failure = usage_failure("line " + std::to_string(line_number_) + ": " + message);
  failure.file = name_;
  throw failure;
}

}  // namespace firn::cli
