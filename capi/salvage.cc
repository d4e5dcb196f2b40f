// firn_salvage: the report of core/db/salvage.h in the caller's structs.
#include "db/salvage.h"

#include <algorithm>
#include <cstring>

#include "args.h"
#include "boundary.h"
#include "env/posix_env.h"
#include "error.h"

namespace firn {
namespace {

template <size_t N>
void copy_text(const std::string& text, char (&to)[N]) {
  std::memcpy(to, text.data(), std::min(text.size(), N - 1));
}

template <size_t N>
uint32_t copy_key(const std::string& key, uint8_t (&to)[N]) {
  if (!key.empty()) std::memcpy(to, key.data(), std::min(key.size(), N));
  return static_cast<uint32_t>(key.size());
}

firn_loss loss_to_c(const SalvageLoss& loss) {
  firn_loss filled = {};
  filled.kind = static_cast<uint32_t>(loss.kind);
  filled.code = to_c(loss.code);
  filled.offset = loss.offset;
  filled.bytes = loss.bytes;
  filled.entries = loss.entry_count;
  filled.first_len = copy_key(loss.before, filled.first_key);
  filled.last_len = copy_key(loss.after, filled.last_key);
  copy_text(loss.file, filled.file);
  copy_text(loss.text, filled.text);
  return filled;
}

int64_t fail(firn_error* error, const Status& status) {
  report(error, status);
  return to_c(status.code());
}

int64_t run(const char* from, const char* to, firn_loss* losses, size_t max, firn_salvage_report* summary, firn_error* error) {
  if (from == nullptr || from[0] == '\0' || to == nullptr || to[0] == '\0') {
    return fail(error, {Code::kInvalid, "a path is empty: pass two directories"});
  }
  if (check_buffer(losses, max) != Code::kOk) return fail(error, Code::kInvalid);
  const Result<SalvageReport> done = salvage(posix_env(), from, to);
  if (!done.ok()) return fail(error, done.status());
  for (size_t i = 0; i < std::min(max, done->losses.size()); i++) losses[i] = loss_to_c(done->losses[i]);
  if (summary != nullptr) {
    copy_out(summary,
             {sizeof *summary, 0, done->tables, done->tables_damaged, done->tables_lost, done->log_records, done->entries_read,
              done->entries_written, done->entries_lost, done->bytes_lost, done->losses.size()},
             sizeof(uint64_t));
  }
  report(error, Status());
  return static_cast<int64_t>(done->losses.size());
}

}  // namespace
}  // namespace firn

using namespace firn;

int64_t firn_salvage(const char* from, const char* to, firn_loss* losses, size_t max, firn_salvage_report* report, firn_error* error) {
  return guarded([&] { return run(from, to, losses, max, report, error); }, [&](Code code) { return fail(error, code); });
}
