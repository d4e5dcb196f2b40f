#include "json_bytes.h"

#include "encoding.h"

namespace firn::cli {

bool take_bytes(LineReader& reader, JsonMember& member, std::string_view name, std::string& to, bool& has) {
  if (!member.path.starts_with(name)) return false;
  const std::string_view suffix = std::string_view(member.path).substr(name.size());
  if (!suffix.empty() && suffix != "_base64" && suffix != "_hex") return false;
  if (has) reader.fail("more than one " + std::string(name));
  if (member.kind != JsonMember::Kind::kString) reader.fail("'" + member.path + "' is not a string");
  has = true;
  if (suffix.empty()) {
    to.swap(member.text);
    return true;
  }
  to.clear();
  const bool is_valid = suffix == "_hex" ? append_from_hex(to, member.text) : append_from_base64(to, member.text);
  if (!is_valid) reader.fail("'" + member.path + "' is not what its name says");
  return true;
}

}  // namespace firn::cli
