// What an acknowledged write survives, and how a log is written: options that databases and durable logs share.
// Threading: values.
#pragma once

#include <cstdint>

#include "log/segment.h"

namespace firn {

enum class Durability : uint8_t { kNone, kProcess, kEvery, kInterval, kSync };
enum class LogIo : uint8_t { kMmap, kPwrite };

inline SegmentIo segment_io(LogIo io) { return io == LogIo::kMmap ? SegmentIo::kMmap : SegmentIo::kPwrite; }

}  // namespace firn
