// log append, read, tail, stat, trim, check: a durable log from and to pipes.
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include "commands.h"
#include "confirmation.h"
#include "encoding.h"
#include "interrupt.h"
#include "json_writer.h"
#include "log.h"
#include "output.h"
#include "record_source.h"

namespace firn::cli {
namespace {

constexpr uint64_t kBatchBytesMax = uint64_t{64} << 20;
constexpr long kPollNs = 20'000'000;  // a writer in another process cannot wake us

struct LogArguments {
  std::string format = "lines";
  uint64_t batch_count = 1;
  bool is_whole = false;
  bool sync = false;
  std::optional<uint64_t> from;
  std::optional<uint64_t> to;
  std::optional<int64_t> since_ms;
  std::optional<uint64_t> limit;
  uint64_t tail_count = 10;
  bool follow = false;
  bool with_index = false;
  std::optional<uint64_t> before;
  std::optional<uint64_t> after;
  std::optional<uint64_t> reset;
  bool retain = false;
};

// ---- append

RecordFormat format_of(const Settings& settings, const LogArguments& arguments) {
  if (arguments.is_whole) return RecordFormat::kWhole;
  if (settings.hex) return RecordFormat::kHex;
  return arguments.format == "jsonl" ? RecordFormat::kJsonLines : RecordFormat::kLines;
}

// Gathers records, and appends them as one: all of them are in the log, or none.
class BatchAppender {
 public:
  BatchAppender(const Log& log, uint64_t count_max) : log_(log), count_max_(count_max) {}

  void add(std::string_view record) {
    if (count_max_ == 1) {
      took(firn_log_append(log_.handle(), reinterpret_cast<const uint8_t*>(record.data()), record.size()), 1);
      return;
    }
    const auto bytes = static_cast<uint32_t>(std::min<size_t>(record.size(), UINT32_MAX));
    packed_.append(reinterpret_cast<const char*>(&bytes), sizeof bytes);
    packed_.append(record);
    if (++count_ >= count_max_ || packed_.size() >= kBatchBytesMax) flush();
  }
  void flush() {
    if (count_ == 0) return;
    took(firn_log_append_batch(log_.handle(), reinterpret_cast<const uint8_t*>(packed_.data()), packed_.size()), count_);
    packed_.clear();
    count_ = 0;
  }
  uint64_t appended_count() const { return appended_count_; }
  uint64_t first() const { return first_; }

 private:
  void took(int64_t index, uint64_t count) {
    Log::check(index, "appending");
    if (appended_count_ == 0) first_ = static_cast<uint64_t>(index);
    appended_count_ += count;
  }

  const Log& log_;
  const uint64_t count_max_;
  std::string packed_;
  uint64_t count_ = 0;
  uint64_t appended_count_ = 0;
  uint64_t first_ = 0;
};

int append(const Settings& settings, const LogArguments& arguments) {
  Log log(settings, LogMode::kCreate);
  catch_interrupts();
  BatchAppender appender(log, std::max<uint64_t>(arguments.batch_count, 1));
  RecordSource source(format_of(settings, arguments));
  std::string_view record;
  while (source.next(record)) appender.add(record);
  appender.flush();
  if (arguments.sync) Log::check(firn_log_sync(log.handle()), "syncing");
  const uint64_t next = log.bounds().next;
  log.close();
  Output output;
  std::string line;
  if (settings.json) {
    JsonObject object(line);
    object.number("records", appender.appended_count());
    if (appender.appended_count() > 0) object.number("first", appender.first());
    object.number("next", next).end();
  } else {
    line = "appended " + grouped(appender.appended_count()) + (appender.appended_count() == 1 ? " record" : " records");
    if (appender.appended_count() > 0) line += ", from index " + std::to_string(appender.first());
  }
  output.line(line);
  output.flush();
  return is_interrupted() ? kExitInterrupted : kExitOk;
}

// ---- read and tail

void print_record(Output& output, const Settings& settings, const LogArguments& arguments, const LogRecord& record) {
  std::string line;
  if (settings.json) {
    JsonObject(line).number("index", record.index).integer("time_ms", record.time_ms).bytes("data", record.data, settings.hex).end();
  } else {
    if (arguments.with_index) line = std::to_string(record.index) + '\t' + std::to_string(record.time_ms) + '\t';
    if (settings.hex) {
      append_hex(line, record.data);
    } else {
      line += record.data;
    }
  }
  output.line(line);
}

int read(const Settings& settings, const LogArguments& arguments) {
  Log log(settings, LogMode::kRead);
  catch_interrupts();
  const firn_log_range bounds = log.bounds();
  uint64_t from = arguments.from.value_or(bounds.first);
  if (arguments.since_ms) {
    const int64_t index = firn_log_seek_time(log.handle(), *arguments.since_ms);
    Log::check(index, "looking for the time");
    from = std::max(from, static_cast<uint64_t>(index));
  }
  if (from < bounds.first || from > bounds.next) {
    throw Failure{FIRN_NOT_FOUND, "the log holds the records " + std::to_string(bounds.first) + " to below " + std::to_string(bounds.next),
                  settings.path};
  }
  const uint64_t to = std::min(arguments.to.value_or(bounds.next), bounds.next);
  uint64_t left = arguments.limit.value_or(UINT64_MAX);
  Output output;
  LogCursor cursor(log, from);
  LogRecord record;
  for (; left > 0 && cursor.position() < to && !is_interrupted() && cursor.next(record); --left) {
    print_record(output, settings, arguments, record);
  }
  output.flush();
  log.close();
  return kExitOk;
}

void pause_briefly() {
  const timespec time{0, kPollNs};
  ::nanosleep(&time, nullptr);
}

// The next record. False: there is none yet, or, for a follower, its place was trimmed since he looked last.
bool has_next(LogCursor& cursor, LogRecord& record, bool is_following) {
  try {
    return cursor.next(record);
  } catch (const Failure& failure) {
    if (!is_following || failure.code != FIRN_NOT_FOUND) throw;
    return false;
  }
}

int tail(const Settings& settings, const LogArguments& arguments) {
  Log log(settings, LogMode::kRead);
  catch_interrupts();
  const firn_log_range bounds = log.bounds();
  const uint64_t held = bounds.next - bounds.first;
  LogCursor cursor(log, arguments.from.value_or(bounds.next - std::min(held, arguments.tail_count)));
  Output output;
  LogRecord record;
  while (!is_interrupted()) {
    if (has_next(cursor, record, arguments.follow)) {
      print_record(output, settings, arguments, record);
      continue;
    }
    output.flush();
    if (!arguments.follow) break;
    pause_briefly();
    Log::check(firn_log_refresh(log.handle()), "looking for new records");
    const firn_log_range now = log.bounds();
    if (cursor.position() >= now.first && cursor.position() <= now.next) continue;
    const uint64_t from = cursor.position() < now.first ? now.first : now.next;
    std::fprintf(stderr, "firn: record %llu is gone, the log goes on at %llu\n", static_cast<unsigned long long>(cursor.position()),
                 static_cast<unsigned long long>(from));
    cursor.go_to(from);
  }
  output.flush();
  log.close();
  return kExitOk;
}

// ---- stat, trim, check

// Of a record that is there; -1 when it was trimmed meanwhile.
int64_t time_of(const Log& log, uint64_t index) {
  LogCursor cursor(log, index);
  LogRecord record;
  return cursor.next(record) ? record.time_ms : -1;
}

// What the files of the log take on the disk: a segment's space is reserved when it is begun.
struct DiskUse {
  uint64_t segment_count = 0;
  uint64_t bytes = 0;
};
DiskUse disk_use_of(const std::string& path) {
  DiskUse use;
  std::error_code ignored;  // a writer beside this command may remove a file at any time
  for (std::filesystem::recursive_directory_iterator at(path, ignored), end; !ignored && at != end; at.increment(ignored)) {
    struct stat status = {};
    if (::lstat(at->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    use.bytes += static_cast<uint64_t>(status.st_blocks) * 512;
    if (at->path().parent_path().filename() == "segments") use.segment_count++;
  }
  return use;
}

int stat(const Settings& settings, const LogArguments&) {
  Log log(settings, LogMode::kRead);
  const firn_log_range bounds = log.bounds();
  firn_recovery_info info = FIRN_RECOVERY_INFO_INIT;
  Log::check(firn_log_recovery(log.handle(), &info), "recovery");
  const bool has_records = bounds.first < bounds.next;
  const int64_t first_ms = has_records ? time_of(log, bounds.first) : -1;
  const int64_t last_ms = has_records ? time_of(log, bounds.next - 1) : -1;
  log.close();
  const DiskUse use = disk_use_of(settings.path);
  Output output;
  if (settings.json) {
    std::string line;
    JsonObject object(line);
    object.bytes("path", settings.path, false).number("first", bounds.first).number("next", bounds.next);
    object.number("records", bounds.next - bounds.first);
    if (first_ms >= 0) object.integer("first_time_ms", first_ms);
    if (last_ms >= 0) object.integer("last_time_ms", last_ms);
    object.number("segments", use.segment_count).number("disk_bytes", use.bytes);
    object.boolean("clean", info.clean == 1).number("bytes_dropped", info.bytes_dropped).end();
    output.line(line);
  } else {
    output.line("records        " + grouped(bounds.next - bounds.first));
    output.line("first          " + std::to_string(bounds.first));
    output.line("next           " + std::to_string(bounds.next));
    output.line("segments       " + grouped(use.segment_count));
    output.line("disk_bytes     " + grouped(use.bytes));
    if (first_ms >= 0) output.line("first_time_ms  " + std::to_string(first_ms));
    if (last_ms >= 0) output.line("last_time_ms   " + std::to_string(last_ms));
    output.line(std::string("clean          ") + (info.clean == 1 ? "true" : "false"));
    output.line("bytes_dropped  " + std::to_string(info.bytes_dropped));
  }
  output.flush();
  return kExitOk;
}

std::string trim_question(const Settings& settings, const LogArguments& arguments) {
  const std::string of = " of " + settings.path + "?";
  if (arguments.before) return "Remove the records before " + std::to_string(*arguments.before) + of;
  if (arguments.after) return "Remove the records after " + std::to_string(*arguments.after) + of;
  if (arguments.reset) return "Remove all records" + of;
  return "Remove the records that retention does not keep" + of;
}

int trim(const Settings& settings, const LogArguments& arguments) {
  if (int{arguments.before.has_value()} + int{arguments.after.has_value()} + int{arguments.reset.has_value()} + int{arguments.retain} !=
      1) {
    throw usage_failure("trim takes one of --before, --after, --reset and --retain");
  }
  if (!confirm(settings, trim_question(settings, arguments))) return kExitOk;
  Log log(settings, LogMode::kWrite);
  int64_t deleted_count = 0;
  if (arguments.before) Log::check(firn_log_trim_before(log.handle(), *arguments.before), "trimming the front");
  if (arguments.after) Log::check(firn_log_trim_after(log.handle(), *arguments.after), "trimming the end");
  if (arguments.reset) Log::check(firn_log_reset(log.handle(), *arguments.reset), "resetting");
  if (arguments.retain) {
    deleted_count = firn_log_retain(log.handle());
    Log::check(deleted_count, "retention");
  }
  const firn_log_range bounds = log.bounds();
  log.close();
  Output output;
  std::string line;
  if (settings.json) {
    JsonObject object(line);
    object.number("first", bounds.first).number("next", bounds.next);
    if (arguments.retain) object.integer("deleted_segments", deleted_count);
    object.end();
  } else {
    line = "the log holds the records " + std::to_string(bounds.first) + " to below " + std::to_string(bounds.next);
  }
  output.line(line);
  output.flush();
  return kExitOk;
}

int check(const Settings& settings, const LogArguments&) {
  Log log(settings, LogMode::kVerify);
  const firn_log_range bounds = log.bounds();
  log.close();
  Output output;
  std::string line;
  if (settings.json) {
    JsonObject(line).boolean("ok", true).number("records", bounds.next - bounds.first).end();
  } else {
    line = "ok: every checksum verifies";
  }
  output.line(line);
  output.flush();
  return kExitOk;
}

}  // namespace

void add_log_commands(CLI::App& app, Invocation& invocation) {
  CLI::App* const log = app.add_subcommand("log", "A durable log: records with dense indexes, from and to pipes");
  log->require_subcommand(1);
  const auto arguments = std::make_shared<LogArguments>();
  const auto add = [&](const char* name, const char* text, int (*command)(const Settings&, const LogArguments&)) {
    CLI::App* const sub = log->add_subcommand(name, text);
    sub->add_option("LOG", invocation.settings.path, "Directory of the log")->required();
    add_engine_options(*sub, invocation.settings);
    add_output_options(*sub, invocation.settings);
    sub->callback([&invocation, arguments, command] {
      invocation.run = [&invocation, arguments, command] { return command(invocation.settings, *arguments); };
    });
    return sub;
  };
  CLI::App* const appending = add("append", "Append records from standard input: each line is one", append);
  appending->add_option("--format", arguments->format, "How the records are written: lines, or jsonl as `log read --json` prints them")
      ->check(CLI::IsMember({"lines", "jsonl"}));
  appending->add_flag("--whole", arguments->is_whole, "All of standard input is one record");
  appending->add_option("--batch", arguments->batch_count, "So many records are appended at once, all or none")->type_name("N");
  appending->add_flag("--sync", arguments->sync, "The records are on the disk when the command ends; see also -o durability=sync");
  CLI::App* const reading = add("read", "Print records, a line each", read);
  reading->add_option("--from", arguments->from, "Index to begin with")->type_name("INDEX");
  reading->add_option("--to", arguments->to, "Index to stop in front of")->type_name("INDEX");
  reading->add_option("--since", arguments->since_ms, "Begin with the first record that is not older (Unix time in ms)")->type_name("MS");
  reading->add_option("--limit", arguments->limit, "At most so many records")->type_name("N");
  CLI::App* const tailing = add("tail", "Print the last records, and with -f those that come", tail);
  tailing->add_flag("-f,--follow", arguments->follow, "Go on with new records until interrupted");
  tailing->add_option("-n,--lines", arguments->tail_count, "So many records of those that are there")->type_name("N");
  tailing->add_option("--from", arguments->from, "Index to begin with, instead of -n")->type_name("INDEX");
  for (CLI::App* const sub : {reading, tailing}) {
    sub->add_flag("--index", arguments->with_index, "Print index and time (Unix, ms) in front of each record, tabs between them");
  }
  add("stat", "Print the bounds of the log, what it takes on the disk, and what opening found", stat);
  CLI::App* const trimming = add("trim", "Remove records, durably", trim);
  trimming->add_option("--before", arguments->before, "Remove the records before this index")->type_name("INDEX");
  trimming->add_option("--after", arguments->after, "Remove the records after this index; their indexes are given again")
      ->type_name("INDEX");
  trimming->add_option("--reset", arguments->reset, "Remove all records; the log goes on with this index")->type_name("INDEX");
  add_confirmation_options(*trimming, invocation.settings);
  trimming->add_flag("--retain", arguments->retain, "Remove what -o retention_bytes and -o retention_ms do not keep");
  add("check", "Verify every checksum of the log; writes nothing, also beside a writer", check);
}

}  // namespace firn::cli
