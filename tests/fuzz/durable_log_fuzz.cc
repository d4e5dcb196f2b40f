// A real durable log with damaged files, checksums made right if the first byte says so: it is opened, read, appended to, trimmed, closed and opened again.
#include "crashfs/crash_fs.h"
#include "durable_log/durable_log.h"
#include "env/thread_mark.h"
#include "fuzz/directory_image.h"

namespace {

using namespace firn;

constexpr uint64_t kSteps = 300;

LogOptions options_of(uint8_t flags) {
  LogOptions options;
  options.create_if_missing = false;
  options.single_threaded = true;
  options.segment_bytes = 4096;
  options.read_only = (flags & 1) != 0;
  options.log_io = (flags & 4) != 0 ? LogIo::kPwrite : LogIo::kMmap;
  options.verify_on_open = (flags & 8) != 0;
  if ((flags & 32) != 0) options.retention_bytes = 8192;
  return options;
}

void read(DurableLog& log) {
  const uint64_t next = log.next();
  FIRN_DEMAND(log.first() <= next);
  uint64_t left = kSteps;
  for (uint64_t index = log.first(); index < next && left-- > 0; index++) {
    DurableLog::Found found;
    if (!log.find(index, &found).ok()) break;
    if (!found.data.empty()) FIRN_DEMAND(found.data.data()[0] + found.data.data()[found.data.size() - 1] >= 0);  // every byte can be read
  }
  for (int64_t time_ms : {INT64_C(0), INT64_C(1'700'000'000'001), INT64_MAX}) {
    const auto at = log.seek_time(time_ms);
    if (at.ok()) FIRN_DEMAND(*at <= log.next());
  }
}

void use(DurableLog& log) {
  const std::string record(700, 'r');
  for (int i = 0; i < 8; i++) {
    const Slice batch[] = {Slice(record), Slice()};
    const auto index = log.append(batch, i % 2 == 0 ? 1 : 2);
    if (!index.ok()) break;
    DurableLog::Found found;
    FIRN_DEMAND(log.find(*index, &found).ok() && found.data == Slice(record));
  }
  (void)log.sync().ok();
  (void)log.retain().ok();
  (void)log.trim_before(log.first() + (log.next() - log.first()) / 2).ok();
  if (log.next() > log.first()) (void)log.trim_after(log.next() - 1).ok();
}

void open_and_use(Env& env, const LogOptions& options) {
  const ThreadMark mark;
  auto log = DurableLog::open(kFuzzLog, options, env);
  if (!log.ok()) return;
  read(**log);
  if (!options.read_only) use(**log);
  (void)(*log)->close().ok();
}

}  // namespace

FIRN_FUZZ_TARGET(durable_log)(FuzzInput& input) {
  const uint8_t flags = input.byte();
  const DiskImage image = damaged(log_image(), input, (flags & 16) != 0);
  input.also_reads(bytes_of(image));
  CrashFs fs(image);
  open_and_use(fs, options_of(flags));
  if ((flags & 1) == 0) open_and_use(fs, options_of(flags | 1));
}
