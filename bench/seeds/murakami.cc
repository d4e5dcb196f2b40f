// Murakami (seeds.md, 2.2): the durable log, records of 256 B unless named. Its "w x GOMAXPROCS goroutines" are w threads here (2.4).
#include "seeds/murakami.h"

namespace bench {
namespace murakami {

std::string payload(size_t bytes) {
  std::string record(bytes, '\0');
  for (size_t i = 0; i < bytes; ++i) record[i] = static_cast<char>(i * 7);
  return record;
}

void fill(Log& log, uint64_t count) {
  const std::string record = payload();
  for (uint64_t i = 0; i < count; ++i) log.append(record);
}

void check_indexes(Log& log) {
  constexpr uint64_t kCount = 10;
  IndexedBytes record(payload());
  const uint64_t first = log.bounds().next;
  for (uint64_t i = first; i < first + kCount; ++i) require(log.append(record(i)) == i, "an index is not the next one");
  for (uint64_t i = first; i < first + kCount; ++i) log.expect(i, record(i));
}

}  // namespace murakami

namespace {

using namespace murakami;

// Bounds the disk that a row takes; whole segments go in the background.
const std::string kBounded = "retention_bytes=1GiB";

// Of the records that are kept, the first and the last; and all that were appended count.
void check_appended(Log& log, uint64_t done, const std::string& record) {
  const firn_log_range bounds = log.bounds();
  require(bounds.next == done, "records are missing");
  log.expect(bounds.first, record);
  log.expect(bounds.next - 1, record);
  check_indexes(log);
}

void append(Run& run, size_t bytes) {
  const std::string record = payload(bytes);
  Log log(run.path(), run.options(kBounded));
  const uint64_t done =
      run.measure_one(run.scaled(4'000'000), [&](uint64_t i) { require(log.append(record) == i, "an index is not the next one"); });
  check_appended(log, done, record);
}

void sync_every(Run& run, uint64_t count) {
  const std::string record = payload();
  Log log(run.path(), run.options(kBounded));
  uint64_t since_sync = 0;
  Phase phase = run.phase(run.scaled(4'000'000));
  phase.sample_all = count == 1;
  const uint64_t done = run.measure(phase, [&](unsigned) {
    return [&](uint64_t i) {
      require(log.append(record) == i, "an index is not the next one");
      if (++since_sync < count) return;
      log.sync();
      since_sync = 0;
    };
  });
  check_appended(log, done, record);
}

void writers(Run& run, unsigned threads) {
  const std::string record = payload();
  Log log(run.path(), run.options(kBounded));
  const uint64_t done =
      run.measure(run.phase(run.scaled(4'000'000), threads), [&](unsigned) { return [&](uint64_t) { log.append(record); }; });
  check_appended(log, done, record);
}

void recover(Run& run, uint64_t records) {
  const uint64_t count = run.scaled(records);
  constexpr uint64_t kSampleCount = 10;
  std::optional<Log> log;
  const auto prepare = [&](uint64_t) {
    std::filesystem::remove_all(run.path());
    const auto write_and_die = [&](int) {
      Log writer(run.path(), run.options());
      fill(writer, count - 1);
      writer.sync();
      fill(writer, 1);
      ::_exit(0);
      return 0;
    };
    std::string output;
    require(run_child_process(write_and_die, output) == 0, "the writer failed");
  };
  const auto check = [&](uint64_t) {
    check_appended(*log, count, payload());
    log.reset();
  };
  run.measure_prepared(
      run.scaled(kSampleCount), prepare, [&](uint64_t) { log.emplace(run.path(), run.options()); }, check);
}

void retain(Run& run, uint64_t deleted_count) {
  // Each of the deleted segments is filled, and the last one in part.
  constexpr uint64_t kSampleCount = 10, kRecordsASegment = 234, kRestCount = 100;
  constexpr unsigned kAgeUs = 20'000;
  const std::string segments = "segment_bytes=64KiB";
  const uint64_t count = kRecordsASegment * deleted_count + kRestCount;
  std::optional<Log> log;
  const auto prepare = [&](uint64_t i) {
    const std::string path = run.path("db" + std::to_string(i));
    {
      Log writer(path, run.options(segments));
      fill(writer, count);
    }
    log.emplace(path, run.options(segments + ",retention_ms=1ms"));
    ::usleep(kAgeUs);
  };
  const auto clean = [&](uint64_t) {
    require(firn_log_retain(log->handle()) == static_cast<int64_t>(deleted_count), "a wrong number of segments was deleted");
  };
  const auto check = [&](uint64_t) {
    const firn_log_range bounds = log->bounds();
    require(bounds.next == count && (bounds.first > 0) == (deleted_count > 0), "wrong records are left");
    log->expect(bounds.first, payload());
    check_indexes(*log);
    log.reset();
  };
  run.measure_prepared(run.scaled(kSampleCount), prepare, clean, check);
}

}  // namespace

std::vector<Row> murakami_rows() {
  const char *const buffered = "buffered", *const periodic = "periodic";
  const auto every = [](const char* name, const char* options) { return std::vector<Variant>{{.name = name, .options = options}}; };
  const std::vector<Variant> by_caller = every("periodic, by the caller", "durability=process");
  std::vector<Row> rows;
  for (const auto& [name, bytes] :
       {Sized{"murakami.append_64", 64}, {"murakami.append_256", 256}, {"murakami.append_512", 512}, {"murakami.append_1024", 1024}})
    rows.push_back({name, "append of records of this size", buffered, {kOs}, [size = bytes](Run& run) { append(run, size); }});
  for (const auto& [name, count] : {Sized{"murakami.sync_every_1", 1},
                                    {"murakami.sync_every_10", 10},
                                    {"murakami.sync_every_100", 100},
                                    {"murakami.sync_every_1000", 1000}})
    rows.push_back({name, "append, the same thread syncs after so many", periodic, by_caller,
                    [every_count = count](Run& run) { sync_every(run, every_count); }});
  const char* const by_clock = "append, synced in the background at this interval";
  const auto append_records = [](Run& run) { append(run, kRecordBytes); };
  rows.push_back({"murakami.interval_10", by_clock, periodic, every("periodic 10 ms", "durability=interval:10ms"), append_records});
  rows.push_back({"murakami.interval_50", by_clock, periodic, every("periodic 50 ms", "durability=interval:50ms"), append_records});
  rows.push_back({"murakami.interval_100", by_clock, periodic, every("periodic 100 ms", "durability=interval:100ms"), append_records});
  for (const auto& [name, threads] :
       {Sized{"murakami.writers_1", 1}, {"murakami.writers_4", 4}, {"murakami.writers_8", 8}, {"murakami.writers_16", 16}})
    rows.push_back(
        {name, "so many threads append", buffered, {kOs}, [count = threads](Run& run) { writers(run, static_cast<unsigned>(count)); }});
  for (const Row& row : murakami_read_rows()) rows.push_back(row);
  for (const auto& [name, count] :
       {Sized{"murakami.recovery_1k", 1000}, {"murakami.recovery_10k", 10'000}, {"murakami.recovery_100k", 100'000}})
    rows.push_back(
        {name, "open after so many records, synced, not closed", buffered, {kOs}, [records = count](Run& run) { recover(run, records); }});
  for (const auto& [name, count] : {Sized{"murakami.retention_0", 0}, {"murakami.retention_4", 4}, {"murakami.retention_9", 9}})
    rows.push_back(
        {name, "retention deletes so many segments of 64 KiB", buffered, {kOs}, [deleted = count](Run& run) { retain(run, deleted); }});
  return rows;
}

}  // namespace bench
