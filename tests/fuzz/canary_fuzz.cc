// The canary: a target with a planted defect behind everything that a real one has to get through: bytes of a record of a durable log are changed, the checksums made right, the log
// is opened, and reading a record that begins with "firn" traps. A fuzzer that does not find it is blind, and its other results are worth nothing.
#include "base/coding.h"
#include "crashfs/crash_fs.h"
#include "durable_log/durable_log.h"
#include "env/thread_mark.h"
#include "fuzz/checksum_repair.h"
#include "fuzz/directory_image.h"

namespace {

using namespace firn;

constexpr uint32_t kDefect = 0x6e726966;  // "firn"
const std::string kRecord(30, 'f');       // the beginning of a record in the image

DiskImage changed(const std::string& piece) {
  DiskImage image = log_image();
  size_t count = 0;
  for (auto& [path, content] : image.files) {
    const size_t at = content->bytes.find(kRecord);
    if (at == std::string::npos) continue;
    std::string bytes = content->bytes;
    bytes.replace(at, std::min(piece.size(), kRecord.size()), piece, 0, kRecord.size());
    repair_file(path, &bytes);
    content = std::make_shared<const Content>(std::move(bytes));
    count++;
  }
  FIRN_DEMAND(count > 0);
  return image;
}

}  // namespace

FIRN_FUZZ_TARGET(canary)(FuzzInput& input) {
  const DiskImage image = changed(input.rest());
  input.also_reads(bytes_of(image));
  CrashFs fs(image);
  LogOptions options;
  options.read_only = true;
  options.single_threaded = true;
  const ThreadMark mark;
  const auto log = DurableLog::open(kFuzzLog, options, fs);
  FIRN_DEMAND(log.ok());
  for (uint64_t index = (*log)->first(); index < (*log)->next(); index++) {
    DurableLog::Found found;
    FIRN_DEMAND((*log)->find(index, &found).ok());
    if (found.data.size() >= sizeof kDefect && load_u32(found.data.data()) == kDefect) __builtin_trap();
  }
}
