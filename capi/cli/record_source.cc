#include "record_source.h"

#include <unistd.h>

#include <cerrno>

#include "encoding.h"
#include "failure.h"
#include "interrupt.h"

namespace firn::cli {

bool RecordSource::next(std::string_view& record) {
  if (format_ == RecordFormat::kWhole) return read_whole(record);
  std::string_view line;
  do {
    if (!reader_.next(line)) return false;
  } while (format_ == RecordFormat::kJsonLines && line.find_first_not_of(" \t\r") == std::string_view::npos);
  record = line;
  if (format_ == RecordFormat::kJsonLines) record = from_json(line);
  if (format_ == RecordFormat::kHex) {
    bytes_.clear();
    if (!append_from_hex(bytes_, line)) reader_.fail("not hexadecimal: pairs of 0-9 and a-f");
    record = bytes_;
  }
  return true;
}

bool RecordSource::read_whole(std::string_view& record) {
  if (is_done_) return false;
  is_done_ = true;
  char chunk[size_t{64} << 10];
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, chunk, sizeof chunk);
    if (is_interrupted()) return false;
    if (got == 0) break;
    if (got < 0 && errno != EINTR) throw system_failure("cannot read", "(standard input)", errno);
    if (got > 0) bytes_.append(chunk, static_cast<size_t>(got));
  }
  record = bytes_;
  return true;
}

std::string_view RecordSource::from_json(std::string_view line) {
  JsonReader json(line, 1);
  if (!json.read_object(members_)) reader_.fail("byte " + std::to_string(json.offset()) + ": " + json.error());
  bool has_data = false;
  for (JsonMember& member : members_) {
    if (member.path == "index" || member.path == "time_ms") continue;
    const bool is_text = member.path == "data";
    const bool is_hex = member.path == "data_hex";
    if (!is_text && !is_hex && member.path != "data_base64")
      reader_.fail("member '" + member.path + "' is not data, data_base64 or data_hex");
    if (has_data) reader_.fail("more than one data");
    if (member.kind != JsonMember::Kind::kString) reader_.fail("'" + member.path + "' is not a string");
    has_data = true;
    bytes_.clear();
    if (is_text) {
      bytes_.swap(member.text);
    } else if (!(is_hex ? append_from_hex(bytes_, member.text) : append_from_base64(bytes_, member.text))) {
      reader_.fail("'" + member.path + "' is not what its name says");
    }
  }
  if (!has_data) reader_.fail("no data");
  return bytes_;
}

}  // namespace firn::cli
