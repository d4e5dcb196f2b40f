// load: entries from standard input or from files into the database, one put an entry or in atomic batches.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>

#include "commands.h"
#include "database.h"
#include "encoding.h"
#include "entry_source.h"
#include "interrupt.h"
#include "json_writer.h"
#include "output.h"
#include "progress.h"
#include "stats_server.h"

namespace firn::cli {
namespace {

struct LoadArguments {
  SourceOptions source;
  uint64_t batch_count = 1;
  uint64_t ack_every = 0;
  std::string acks_path;
  bool no_progress = false;
  std::optional<uint16_t> serve_port;
  bool skip_unreadable = false;
};

struct LoadCounts {
  uint64_t entries = 0;
  uint64_t key_bytes = 0;
  uint64_t value_bytes = 0;
};

// The file of acknowledged keys, a line each: what `firn compare --only` reads. Lines go out with one write(2), after the put has returned,
// and are never buffered here: a key is in the file only if its put was acknowledged, also when this process is killed.
class AckFile {
 public:
  AckFile(const std::string& path, bool hex) : path_(path), hex_(hex) {
    if (path.empty()) return;
    fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd_ < 0) throw system_failure("cannot open", path, errno);
  }
  ~AckFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  AckFile(const AckFile&) = delete;
  AckFile& operator=(const AckFile&) = delete;

  void add(std::string_view key) {
    if (fd_ < 0) return;
    (hex_ ? append_hex : append_tsv)(lines_, key);
    lines_ += '\n';
  }
  void write() {
    if (fd_ < 0) return;
    if (!write_fully(fd_, lines_)) throw system_failure("cannot write", path_, errno);
    lines_.clear();
  }

 private:
  std::string path_;
  bool hex_;
  int fd_ = -1;
  std::string lines_;
};

class Loader {
 public:
  Loader(const Database& database, const Settings& settings, const LoadArguments& arguments)
      : database_(database), settings_(settings), arguments_(arguments), acks_(arguments.acks_path, settings.hex) {}

  void add(const Entry& entry) {
    counts_.entries += 1;
    counts_.key_bytes += entry.key.size();
    counts_.value_bytes += entry.value.size();
    acks_.add(entry.key);
    if (arguments_.batch_count == 1) {
      check(firn_put(database_.handle(), database_.ns(), octets(entry.key), entry.key.size(), octets(entry.value), entry.value.size()),
            &entry);
      acknowledge();
      return;
    }
    // Checked here, because a batch that the library refuses as a whole says nothing about which of its entries was wrong.
    if (entry.key.empty()) check(FIRN_INVALID, &entry);
    if (entry.key.size() > kKeyBytesMax || entry.value.size() > kValueBytesMax) check(FIRN_TOO_LARGE, &entry);
    if (!batch_.empty() && batch_.size() + entry.key.size() + entry.value.size() > kBatchBytesMax) flush();
    append_operation(entry);
    if (++batch_entry_count_ >= arguments_.batch_count) flush();
  }

  // Writes what is left of the batch.
  void flush() {
    if (batch_.empty()) return;
    check(firn_write(database_.handle(), octets(batch_), batch_.size(), 0), nullptr);
    batch_.clear();
    batch_entry_count_ = 0;
    acknowledge();
  }

  const LoadCounts& counts() const { return counts_; }

 private:
  static constexpr size_t kBatchBytesMax = size_t{64} << 20;  // a batch of --batch entries may be cut here: memory stays bounded
  static constexpr size_t kKeyBytesMax = 65535;
  static constexpr size_t kValueBytesMax = size_t{1} << 30;

  void check(int64_t code, const Entry* entry) const {
    if (code >= 0) return;
    try {
      database_.check(code);
    } catch (Failure& failure) {
      if (entry != nullptr) {
        failure.message += "; entry " + std::to_string(counts_.entries) + ", key '" + std::string(entry->key.substr(0, 200)) + "'";
      }
      throw;
    }
  }

  // u32 op, ns, key_len, val_len, i64 ttl_ms, key, value: see firn_write.
  void append_operation(const Entry& entry) {
    const uint32_t head[] = {FIRN_OP_PUT, database_.ns(), static_cast<uint32_t>(entry.key.size()),
                             static_cast<uint32_t>(entry.value.size())};
    const int64_t ttl_ms = 0;
    batch_.append(reinterpret_cast<const char*>(head), sizeof head);
    batch_.append(reinterpret_cast<const char*>(&ttl_ms), sizeof ttl_ms);
    batch_ += entry.key;
    batch_ += entry.value;
  }

  void acknowledge() {
    acks_.write();
    if (arguments_.ack_every == 0 || counts_.entries / arguments_.ack_every == acknowledged_count_ / arguments_.ack_every) return;
    acknowledged_count_ = counts_.entries;
    std::string line;
    if (settings_.json) {
      JsonObject(line).number("acknowledged", counts_.entries).end();
    } else {
      line = "acknowledged " + std::to_string(counts_.entries);
    }
    output_.line(line);
    output_.flush();
  }

  const Database& database_;
  const Settings& settings_;
  const LoadArguments& arguments_;
  AckFile acks_;
  Output output_;
  LoadCounts counts_;
  uint64_t acknowledged_count_ = 0;
  std::string batch_;
  uint64_t batch_entry_count_ = 0;
};

void print_summary(const Settings& settings, const LoadCounts& counts, uint64_t skipped_count, double seconds) {
  Output output;
  std::string line;
  const uint64_t bytes = counts.key_bytes + counts.value_bytes;
  const double rate = static_cast<double>(counts.entries) / seconds;
  if (settings.json) {
    JsonObject(line)
        .number("entries", counts.entries)
        .number("key_bytes", counts.key_bytes)
        .number("value_bytes", counts.value_bytes)
        .number("skipped", skipped_count)
        .boolean("interrupted", is_interrupted())
        .seconds("seconds", seconds)
        .seconds("entries_per_second", rate)
        .seconds("bytes_per_second", static_cast<double>(bytes) / seconds)
        .end();
  } else {
    char duration[64];
    std::snprintf(duration, sizeof duration, "%.2f s", seconds);
    line = "loaded " + grouped(counts.entries) + " entries, " + readable_bytes(static_cast<double>(bytes)) + ", in " + duration + ": " +
           grouped(static_cast<uint64_t>(rate)) + " entries/s, " + readable_bytes(static_cast<double>(bytes) / seconds) + "/s";
    if (skipped_count > 0) line += "; left out " + grouped(skipped_count);
    if (is_interrupted()) line += "; interrupted";
  }
  output.line(line);
  output.flush();
}

int load(const Settings& settings, LoadArguments& arguments) {
  arguments.source.hex = settings.hex;
  const std::unique_ptr<EntrySource> source = open_source(arguments.source);
  Database database(settings, OpenMode::kCreate);
  std::unique_ptr<StatsServer> server = serve_beside(database, arguments.serve_port);
  Loader loader(database, settings, arguments);
  Progress progress("loading", source->input_bytes_total(), !arguments.no_progress);
  catch_interrupts();
  Entry entry;
  while (source->next(entry)) {
    loader.add(entry);
    progress.update(loader.counts().entries, source->input_bytes());
  }
  loader.flush();
  progress.clear();
  const double seconds = std::max(progress.elapsed_seconds(), 1e-6);
  server.reset();
  database.close();
  print_summary(settings, loader.counts(), source->skipped_count(), seconds);
  if (is_interrupted()) return kExitInterrupted;
  if (source->skipped_count() > 0 && !arguments.skip_unreadable) {
    throw Failure{
        FIRN_IO, "files could not be read: " + std::to_string(source->skipped_count()) + " (--skip-unreadable takes that as done)", {}};
  }
  return kExitOk;
}

}  // namespace

void add_load_command(CLI::App& app, Invocation& invocation) {
  const auto arguments = std::make_shared<LoadArguments>();
  CLI::App* const sub = app.add_subcommand("load", "Put many entries: lines of standard input, or files; later ones replace earlier ones");
  add_database_options(*sub, invocation.settings);
  add_namespace_option(*sub, invocation.settings);
  add_source_options(*sub, arguments->source);
  sub->add_option("--batch", arguments->batch_count, "Entries of one atomic write")
      ->type_name("N")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 20));
  sub->add_option("--ack-every", arguments->ack_every, "Print a line for every N acknowledged entries; 0: none")->type_name("N");
  sub->add_option("--acks", arguments->acks_path, "Append every acknowledged key to this file, a line each, when its write has returned")
      ->type_name("FILE");
  add_serve_option(*sub, arguments->serve_port);
  sub->add_flag("--no-progress", arguments->no_progress, "No progress bar, also on a terminal");
  sub->add_flag("--skip-unreadable", arguments->skip_unreadable,
                "Files that cannot be read are noted and left out, and the exit status is 0");
  sub->callback([&invocation, arguments] { invocation.run = [&invocation, arguments] { return load(invocation.settings, *arguments); }; });
}

}  // namespace firn::cli
