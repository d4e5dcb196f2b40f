// Statistics and events: what a database tells about itself.
#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>

#include "args.h"
#include "call.h"

namespace firn {
namespace {

// firn_stats_t is a header, the figures of stats_fields(), and the latencies of stats_latencies(), in their order.
constexpr size_t kFigureCount = (offsetof(firn_stats_t, get) - offsetof(firn_stats_t, version)) / sizeof(uint64_t);
constexpr size_t kLatencyCount = (sizeof(firn_stats_t) - offsetof(firn_stats_t, get)) / sizeof(firn_latency);

firn_latency to_c(const Histogram::Reading& reading) {
  return {reading.count, reading.sum, reading.quantile(500), reading.quantile(990), reading.quantile(999), reading.max};
}

void fill(const StatsReport& report, firn_stats_t* stats) {
  FIRN_CHECK(stats_fields().size() == kFigureCount && stats_latencies().size() == kLatencyCount,
             "firn_stats_t has the fields of the report");
  struct {
    uint32_t struct_size;
    uint32_t flags;
    uint64_t figures[kFigureCount];
    firn_latency latencies[kLatencyCount];
  } filled = {};
  static_assert(sizeof filled == sizeof(firn_stats_t));
  filled.flags = (report.is_read_only ? FIRN_STATS_READ_ONLY : 0) | (report.log_is_mapped ? FIRN_STATS_LOG_MMAP : 0) |
                 (report.tables_are_mapped ? FIRN_STATS_TABLE_MMAP : 0) | (report.is_compacting ? FIRN_STATS_COMPACTING : 0);
  for (size_t i = 0; i < kFigureCount; i++) filled.figures[i] = report.*stats_fields()[i].figure;
  for (size_t i = 0; i < kLatencyCount; i++) filled.latencies[i] = to_c(report.*stats_latencies()[i].reading);
  firn_stats_t in_c;
  std::memcpy(&in_c, &filled, sizeof in_c);
  copy_out(stats, in_c, sizeof(uint64_t));
}

// A text into the caller's buffer, with its NUL; the length without it.
template <typename Make>
int64_t give_text(firn_db* db, char* buf, size_t cap, const Make& make) {
  return guarded([&]() -> int64_t {
    const DbCall call(db);
    if (!call.ok()) return firn::to_c(call.code());
    if (check_buffer(buf, cap) != Code::kOk) return FIRN_INVALID;
    const std::string text = make(call.db());
    if (cap > text.size()) std::memcpy(buf, text.c_str(), text.size() + 1);
    return static_cast<int64_t>(text.size());
  });
}

firn_event to_c(const Event& event) {
  return {
      event.number,        event.time_ms, static_cast<uint32_t>(event.kind), firn::to_c(event.code), event.duration_us, event.bytes_read,
      event.bytes_written, {0, 0}};
}

}  // namespace
}  // namespace firn

using namespace firn;

int32_t firn_stats(firn_db* db, firn_stats_t* stats) {
  return guarded([&]() -> int32_t {
    const DbCall call(db);
    if (!call.ok()) return firn::to_c(call.code());
    if (stats == nullptr) return FIRN_INVALID;
    fill(call->stats(), stats);
    return FIRN_OK;
  });
}

int64_t firn_stats_json(firn_db* db, char* buf, size_t cap) {
  return give_text(db, buf, cap, [](Db& opened) { return opened.stats_json(); });
}

int64_t firn_stats_prometheus(firn_db* db, char* buf, size_t cap) {
  return give_text(db, buf, cap, [](Db& opened) { return stats_as_prometheus(opened.stats()); });
}

int64_t firn_events_poll(firn_db* db, uint64_t from, firn_event* out, size_t max) {
  return guarded([&]() -> int64_t {
    const DbCall call(db);
    if (!call.ok()) return firn::to_c(call.code());
    if (check_buffer(out, max) != Code::kOk) return FIRN_INVALID;
    constexpr size_t kAtOnceCount = 32;
    Event events[kAtOnceCount];
    size_t copied = 0;
    while (copied < max) {
      const size_t count = call->events(from, events, std::min(max - copied, kAtOnceCount));
      for (size_t i = 0; i < count; i++) out[copied++] = to_c(events[i]);
      if (count < kAtOnceCount) break;
      from = events[count - 1].number + 1;
    }
    return static_cast<int64_t>(copied);
  });
}
