// Looking inside the directory of a database: cold calls that need no opening.
#include "db/inspection.h"

#include <cstring>

#include "args.h"
#include "boundary.h"
#include "env/posix_env.h"
#include "env/thread_mark.h"
#include "error.h"

namespace firn {
namespace {

constexpr size_t kNamespaceNameBytesMax = 255;

// The text, NUL-terminated when it fits, as every function does that gives text; a failure goes into *error too.
template <typename Body>
int64_t answer_text(char* buf, size_t cap, firn_error* error, const Body& body) {
  const auto fail = [error](const Status& status) -> int64_t {
    report(error, status);
    return to_c(status.code());
  };
  return guarded(
      [&]() -> int64_t {
        if (check_buffer(buf, cap) != Code::kOk) return fail(Code::kInvalid);
        const Result<std::string> text = body();
        if (!text.ok()) return fail(text.status());
        if (cap > text->size()) std::memcpy(buf, text->c_str(), text->size() + 1);
        report(error, Status());
        return static_cast<int64_t>(text->size());
      },
      [&](Code code) { return fail(code); });
}

Status check_path(const char* path) {
  if (path == nullptr || path[0] == '\0') return {Code::kInvalid, "the path is empty: pass a directory"};
  return {};
}

}  // namespace
}  // namespace firn

using namespace firn;

int64_t firn_inspect(const char* path, uint32_t part, char* buf, size_t cap, firn_error* error) {
  return answer_text(buf, cap, error, [&]() -> Result<std::string> {
    FIRN_TRY(check_path(path));
    return inspect(path, static_cast<InspectionPart>(part), posix_env());
  });
}

int64_t firn_explain_key(const char* path, const uint8_t* ns_name, size_t ns_name_len, const uint8_t* key, size_t key_len, char* buf,
                         size_t cap, firn_error* error) {
  return answer_text(buf, cap, error, [&]() -> Result<std::string> {
    FIRN_TRY(check_path(path));
    FIRN_TRY(Status(check_bytes(ns_name, ns_name_len, kNamespaceNameBytesMax)));
    FIRN_TRY(Status(check_key(key, key_len)));
    const ThreadMark mark;
    return explain_key(path, Slice(ns_name, ns_name_len), Slice(key, key_len), posix_env());
  });
}
