// dump, import, export: whole databases as lines of JSON, and out of and into the directories of other engines.
#include <chrono>
#include <map>
#include <optional>

#include "batch_writer.h"
#include "commands.h"
#include "entry_scan.h"
#include "foreign.h"
#include "interrupt.h"
#include "json_writer.h"
#include "namespace_list.h"
#include "output.h"
#include "progress.h"
#include "stats_server.h"

namespace firn::cli {
namespace {

struct TransferArguments {
  std::string path;
  std::string engine;
  std::string ns_name;
  bool has_ns = false;
  bool no_progress = false;
  std::optional<uint16_t> serve_port;
};

int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// All entries of the database, or of the namespace of --ns, from one snapshot. visit(name of the namespace, entry).
template <typename Visit>
void visit_entries(const Settings& settings, const TransferArguments& arguments, const Database& database, const Visit& visit) {
  const SharedSnapshot snapshot(database);
  for (const NamespaceName& ns : list_all_namespaces(database)) {
    if (arguments.has_ns && ns.name != settings.bytes_of(arguments.ns_name, "--ns")) continue;
    EntryScan scan(database, snapshot, ns.id);
    ScannedEntry entry;
    while (!is_interrupted() && scan.next(entry)) visit(ns.name, entry);
  }
}

void check_namespace(const Settings& settings, const TransferArguments& arguments, const Database& database) {
  const std::string name = settings.bytes_of(arguments.ns_name, "--ns");
  if (arguments.has_ns && !name.empty()) database.find_ns(name);
}

int dump(const Settings& settings, const TransferArguments& arguments) {
  Database database(settings, OpenMode::kExisting);
  check_namespace(settings, arguments, database);
  catch_interrupts();
  Output output;
  std::string line;
  visit_entries(settings, arguments, database, [&](const std::string& ns, const ScannedEntry& entry) {
    line.clear();
    JsonObject object(line);
    if (!ns.empty()) object.bytes("ns", ns, settings.hex);
    object.bytes("key", entry.key, settings.hex).bytes("value", entry.value, settings.hex);
    if (entry.expiry_ms != 0) object.integer("expiry_ms", entry.expiry_ms);
    object.end();
    output.line(line);
  });
  output.flush();
  database.close();
  return is_interrupted() ? kExitInterrupted : kExitOk;
}

void print_summary(const Settings& settings, const char* verb, uint64_t entry_count, uint64_t bytes, uint64_t expired_count,
                   double seconds) {
  Output output;
  std::string line;
  if (settings.json) {
    JsonObject(line)
        .number("entries", entry_count)
        .number("bytes", bytes)
        .number("expired", expired_count)
        .boolean("interrupted", is_interrupted())
        .seconds("seconds", seconds)
        .end();
  } else {
    line = std::string(verb) + " " + grouped(entry_count) + (entry_count == 1 ? " entry, " : " entries, ") +
           readable_bytes(static_cast<double>(bytes));
    if (expired_count > 0) line += "; left out " + grouped(expired_count) + " that have expired";
    if (is_interrupted()) line += "; interrupted";
  }
  output.line(line);
  output.flush();
}

std::unique_ptr<ForeignSource> open_source(const TransferArguments& arguments) {
  std::string engine = arguments.engine;
  if (engine.empty()) engine = arguments.path == "-" ? "dump" : foreign_engine_of(arguments.path);
  if (engine.empty()) {
    throw Failure{FIRN_NOT_FOUND, "there is no directory of LevelDB, RocksDB or LMDB here (--from names what it is)", arguments.path};
  }
  return engine == "dump" ? open_dump_source() : foreign_engine(engine).open_source(arguments.path);
}

int import(const Settings& settings, const TransferArguments& arguments) {
  const std::unique_ptr<ForeignSource> source = open_source(arguments);
  Database database(settings, OpenMode::kCreate);
  catch_interrupts();
  std::map<std::string, uint32_t, std::less<>> ids{{"", database.ns()}};
  std::unique_ptr<StatsServer> server = serve_beside(database, arguments.serve_port);
  BatchWriter writer(database);
  Progress progress("importing", 0, !arguments.no_progress);
  uint64_t expired_count = 0;
  const int64_t begin_ms = now_ms();
  ForeignEntry entry;
  while (!is_interrupted() && source->next(entry)) {
    if (entry.expiry_ms != 0 && entry.expiry_ms <= begin_ms) {
      ++expired_count;
      continue;
    }
    auto id = ids.find(entry.ns);
    if (id == ids.end()) {
      const int64_t opened = firn_ns_open(database.handle(), octets(entry.ns), entry.ns.size(), 0);
      database.check(opened);
      id = ids.emplace(std::string(entry.ns), static_cast<uint32_t>(opened)).first;
    }
    writer.put(id->second, entry.key, entry.value, entry.expiry_ms == 0 ? 0 : entry.expiry_ms - now_ms());
    progress.update(writer.entry_count(), writer.bytes());
  }
  writer.flush();
  progress.clear();
  server.reset();
  database.close();
  print_summary(settings, "imported", writer.entry_count(), writer.bytes(), expired_count, progress.elapsed_seconds());
  return is_interrupted() ? kExitInterrupted : kExitOk;
}

int export_to(const Settings& settings, const TransferArguments& arguments) {
  const ForeignEngine& engine = foreign_engine(arguments.engine);
  Database database(settings, OpenMode::kExisting);
  check_namespace(settings, arguments, database);
  const std::unique_ptr<ForeignTarget> target = engine.open_target(arguments.path);
  catch_interrupts();
  Progress progress("exporting", 0, !arguments.no_progress);
  uint64_t entry_count = 0;
  uint64_t bytes = 0;
  visit_entries(settings, arguments, database, [&](const std::string& ns, const ScannedEntry& entry) {
    // A single namespace is what its users call the database.
    target->put({arguments.has_ns ? std::string_view() : std::string_view(ns), entry.key, entry.value, entry.expiry_ms});
    ++entry_count;
    bytes += entry.key.size() + entry.value.size();
    progress.update(entry_count, bytes);
  });
  target->finish();
  progress.clear();
  database.close();
  print_summary(settings, "exported", entry_count, bytes, 0, progress.elapsed_seconds());
  return is_interrupted() ? kExitInterrupted : kExitOk;
}

}  // namespace

void add_transfer_commands(CLI::App& app, Invocation& invocation) {
  const auto arguments = std::make_shared<TransferArguments>();
  const auto add = [&](const char* name, const char* text, int (*command)(const Settings&, const TransferArguments&)) {
    CLI::App* const sub = app.add_subcommand(name, text);
    add_database_options(*sub, invocation.settings);
    sub->callback([&invocation, arguments, command] {
      invocation.run = [&invocation, arguments, command] { return command(invocation.settings, *arguments); };
    });
    return sub;
  };
  const auto add_ns = [&](CLI::App* sub, const char* text) {
    sub->add_option_function<std::string>(
           "--ns",
           [arguments](const std::string& name) {
             arguments->ns_name = name;
             arguments->has_ns = true;
           },
           text)
        ->type_name("NAME");
  };
  CLI::App* const dumping =
      add("dump", "Print all namespaces with all that is in them, expiries too, as lines of JSON; import takes them back", dump);
  add_ns(dumping, "Only this namespace; '' is the default one");
  CLI::App* const importing = add("import", "Take in what another engine's directory holds, or what dump has printed", import);
  importing
      ->add_option("FROM", arguments->path,
                   "A directory of LevelDB (opening it replays its log), RocksDB or LMDB, which nobody has open; - is standard input, as "
                   "dump prints it")
      ->required();
  importing->add_option("--from", arguments->engine, "What FROM is; without it, by the names of its files")
      ->check(CLI::IsMember({"leveldb", "rocksdb", "lmdb", "dump"}));
  importing->add_option("--ns", invocation.settings.ns_name, "Namespace that takes the place of the default one; made when it is missing")
      ->type_name("NAME");
  add_serve_option(*importing, arguments->serve_port);
  CLI::App* const exporting =
      add("export", "Make a directory of another engine with what the database holds; times to live are not kept", export_to);
  exporting->add_option("TO", arguments->path, "The directory to make")->required();
  exporting->add_option("--to", arguments->engine, "Which engine's")->check(CLI::IsMember({"leveldb", "rocksdb", "lmdb"}))->required();
  add_ns(exporting, "Only this namespace, as the whole of the directory; '' is the default one");
  for (CLI::App* const sub : {importing, exporting})
    sub->add_flag("--no-progress", arguments->no_progress, "No progress bar, also on a terminal");
}

}  // namespace firn::cli
