// compare: reads the same input as load and compares it with the database, byte for byte. --only limits it to the keys of a file, such as
// load --acks writes, and then every key of that file must be in the input.
#include <unordered_set>

#include "commands.h"
#include "database.h"
#include "encoding.h"
#include "entry_source.h"
#include "interrupt.h"
#include "json_writer.h"
#include "line_reader.h"
#include "output.h"
#include "progress.h"

namespace firn::cli {
namespace {

struct CompareArguments {
  SourceOptions source;
  std::string only_path;
  bool no_progress = false;
};

struct CompareCounts {
  uint64_t compared = 0;
  uint64_t missing = 0;    // in the input, not in the database
  uint64_t different = 0;  // in both, with different values
  uint64_t unseen = 0;     // in --only, not in the input
};

constexpr uint64_t kNotesMax = 10;

using KeySet = std::unordered_set<std::string>;

// A last line without a newline is taken too: a killed loader cannot leave a half-written one, a line is one write.
KeySet read_keys(const std::string& path, bool hex) {
  KeySet keys;
  LineReader reader(path);
  std::string_view line;
  while (reader.next(line)) {
    std::string key;
    if (!(hex ? append_from_hex : append_from_tsv)(key, line)) reader.fail(hex ? "not hexadecimal" : "an unknown escape");
    keys.insert(std::move(key));
  }
  return keys;
}

class Comparer {
 public:
  Comparer(const Database& database, const CompareArguments& arguments, bool hex)
      : database_(database), is_limited_(!arguments.only_path.empty()) {
    if (is_limited_) wanted_ = read_keys(arguments.only_path, hex);
  }

  void compare(const Entry& entry) {
    if (is_limited_ && wanted_.erase(std::string(entry.key)) == 0) return;
    ++counts_.compared;
    const Pin pin(database_, entry.key);
    if (!pin.found()) {
      ++counts_.missing;
      note("missing: ", entry.key);
    } else if (pin.value() != entry.value) {
      ++counts_.different;
      note("different: ", entry.key);
    }
  }

  CompareCounts finish() {
    counts_.unseen = wanted_.size();
    for (const std::string& key : wanted_) note("not in the input: ", key);
    return counts_;
  }
  uint64_t compared_count() const { return counts_.compared; }

 private:
  void note(const char* what, std::string_view key) {
    if (++note_count_ <= kNotesMax) print_note(std::string(what) + std::string(key));
  }

  const Database& database_;
  bool is_limited_;
  KeySet wanted_;  // of --only, those that have not come yet
  CompareCounts counts_;
  uint64_t note_count_ = 0;
};

void print_counts(const Settings& settings, const CompareCounts& counts) {
  Output output;
  std::string line;
  if (settings.json) {
    JsonObject(line)
        .number("compared", counts.compared)
        .number("missing", counts.missing)
        .number("different", counts.different)
        .number("not_in_input", counts.unseen)
        .end();
  } else {
    line = "compared " + grouped(counts.compared) + ": missing " + grouped(counts.missing) + ", different " + grouped(counts.different) +
           ", not in the input " + grouped(counts.unseen);
  }
  output.line(line);
  output.flush();
}

int compare(const Settings& settings, CompareArguments& arguments) {
  arguments.source.hex = settings.hex;
  const std::unique_ptr<EntrySource> source = open_source(arguments.source);
  Database database(settings, OpenMode::kExisting);
  Comparer comparer(database, arguments, settings.hex);
  Progress progress("comparing", source->input_bytes_total(), !arguments.no_progress);
  Entry entry;
  while (source->next(entry)) {
    comparer.compare(entry);
    progress.update(comparer.compared_count(), source->input_bytes());
  }
  progress.clear();
  const CompareCounts counts = comparer.finish();
  database.close();
  print_counts(settings, counts);
  return counts.missing + counts.different + counts.unseen == 0 ? kExitOk : kExitNotFound;
}

}  // namespace

void add_compare_command(CLI::App& app, Invocation& invocation) {
  const auto arguments = std::make_shared<CompareArguments>();
  CLI::App* const sub = app.add_subcommand("compare", "Compare the input that load takes with the database; 1 when they differ");
  add_database_options(*sub, invocation.settings);
  add_namespace_option(*sub, invocation.settings);
  add_source_options(*sub, arguments->source);
  sub->add_option("--only", arguments->only_path,
                  "Only the keys of this file, a line each, as load --acks writes it; all of them must be there")
      ->type_name("FILE");
  sub->add_flag("--no-progress", arguments->no_progress, "No progress bar, also on a terminal");
  sub->callback(
      [&invocation, arguments] { invocation.run = [&invocation, arguments] { return compare(invocation.settings, *arguments); }; });
}

}  // namespace firn::cli
