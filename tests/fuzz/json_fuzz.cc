// Any text through the command's readers: JSON, base64, hexadecimal, TSV. What was read is written as the same bytes.
#include "encoding.h"
#include "fuzz/fuzz_target.h"
#include "json_reader.h"

using namespace firn;

FIRN_FUZZ_TARGET(json)(FuzzInput& input) {
  const uint8_t depth_max = input.byte() % 64;
  const std::string text = input.rest();
  std::vector<cli::JsonMember> members;
  cli::JsonReader reader(text, depth_max);
  if (reader.read_object(members)) {
    for (const cli::JsonMember& member : members) FIRN_DEMAND(cli::is_utf8(member.path) && cli::is_utf8(member.text));
  } else {
    FIRN_DEMAND(reader.offset() <= text.size());
  }
  std::string bytes;
  std::string again;
  if (cli::append_from_base64(bytes, text)) {
    cli::append_base64(again, bytes);
    FIRN_DEMAND(again == text);
  }
  bytes.clear();
  if (cli::append_from_hex(bytes, text)) FIRN_DEMAND(bytes.size() * 2 == text.size());
  std::string written;
  cli::append_tsv(written, text);
  bytes.clear();
  FIRN_DEMAND(cli::append_from_tsv(bytes, written) && bytes == text);
  std::string printable;
  cli::append_printable(printable, text);
  FIRN_DEMAND(cli::is_utf8(printable));
}
