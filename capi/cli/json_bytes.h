// Bytes in a line of JSON: a member under its name, or with _base64 or _hex behind it; what JsonObject::bytes writes.
#pragma once

#include <string>
#include <string_view>

#include "json_reader.h"
#include "line_reader.h"

namespace firn::cli {

// false: the member does not belong to `name`. Takes the text out of the member. Throws Failure, with the number of the reader's line, when the name is there
// twice (`has`), the member is not a string, or the string is not what the name says.
bool take_bytes(LineReader& reader, JsonMember& member, std::string_view name, std::string& to, bool& has);

}  // namespace firn::cli
