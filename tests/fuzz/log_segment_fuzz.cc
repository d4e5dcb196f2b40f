// One or two segments of a log of any bytes are recovered, through mappings and through calls, and salvaged. The first byte says how, and whether checksums are made right.
#include "crashfs/crash_fs.h"
#include "fuzz/checksum_repair.h"
#include "fuzz/directory_image.h"
#include "log/recovery.h"
#include "lsm/log_entry.h"
#include "lsm/log_salvager.h"

using namespace firn;

FIRN_FUZZ_TARGET(log_segment)(FuzzInput& input) {
  const uint8_t flags = input.byte();
  std::string first = input.rest();
  std::string second;
  if ((flags & 4) != 0) {
    second = first.substr(first.size() / 2);
    first.resize(first.size() / 2);
  }
  if ((flags & 2) != 0) {
    repair_segment(&first);
    repair_segment(&second);
  }
  DiskImage image = image_of("/log", segment_name(1), std::move(first));
  std::vector<uint64_t> ids{1};
  if ((flags & 4) != 0) {
    image.files["/log/" + segment_name(2)] = std::make_shared<const Content>(std::move(second));
    ids.push_back(2);
  }
  CrashFs fs(image);
  const auto directory = std::move(*fs.open_directory("/log", false));
  uint64_t payload_bytes = 0;
  const RecordVisitor visit = [&](const std::shared_ptr<Segment>&, uint64_t, Slice payload) {
    payload_bytes += payload.size();
    return Status();
  };
  const auto recovery = recover_log(*directory, 7, ids, (flags & 1) == 0 ? SegmentIo::kMmap : SegmentIo::kPwrite, visit);
  if (recovery.ok()) FIRN_DEMAND(payload_bytes == recovery->record_payload_bytes && payload_bytes <= input.read_bytes());
  (void)LogSalvager::open(*directory, 1).ok();
}
