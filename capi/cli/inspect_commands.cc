// levels, table, wal, manifest, explain-key: what lies in the directory of a database. Beside a writer, without a lock, and also where an opening fails.
#include "columns.h"
#include "commands.h"
#include "database.h"
#include "encoding.h"
#include "failure.h"
#include "json_figures.h"
#include "output.h"

namespace firn::cli {
namespace {

struct InspectArguments {
  uint64_t table = 0;
  std::string key;
};

std::string inspected(const Settings& settings, uint32_t part) {
  firn_error error = FIRN_ERROR_INIT;
  int64_t code = 0;
  std::string json = text_of([&](char* buf, size_t cap) { return firn_inspect(settings.path.c_str(), part, buf, cap, &error); }, &code);
  if (code < 0) throw failure_of(static_cast<int32_t>(code), error);
  return json;
}

std::string size_of(const JsonFigures& figures, const std::string& path) {
  return readable_bytes(static_cast<double>(figures.number(path)));
}

// "key" as it can be read, or the beginning of its hexadecimal digits.
std::string shown_key(const JsonFigures& figures, const std::string& path) {
  std::string bytes;
  if (!append_from_hex(bytes, figures.text(path + ".key_hex"))) return {};
  std::string text;
  append_printable(text, bytes.substr(0, 24));
  return text;
}

// A damaged part, in the row where the whole one would stand; 0 when it is whole.
bool has_error(const JsonFigures& figures, const std::string& path) { return figures.has(path + ".error.code"); }
std::string error_of(const JsonFigures& figures, const std::string& path) { return "DAMAGED: " + figures.text(path + ".error.message"); }

int print(const Settings& settings, const std::string& json, void (*print_text)(Output&, const JsonFigures&)) {
  Output output;
  if (settings.json) {
    output.line(json);
  } else {
    print_text(output, JsonFigures(json));
  }
  output.flush();
  return kExitOk;
}

void print_levels(Output& output, const JsonFigures& figures) {
  Columns columns({"run", "table", "bytes", "entries", "deleted", "expiring", "versions", "compression", "from", "to"});
  for (size_t run = 0; run < figures.element_count("runs"); ++run) {
    const std::string of_run = "runs." + std::to_string(run);
    for (size_t table = 0; table < figures.element_count(of_run + ".tables"); ++table) {
      const std::string at = of_run + ".tables." + std::to_string(table);
      if (has_error(figures, at)) {
        columns.row({figures.text(of_run + ".run"), figures.text(at + ".table"), size_of(figures, at + ".bytes"), error_of(figures, at)});
        continue;
      }
      columns.row({figures.text(of_run + ".run"), figures.text(at + ".table"), size_of(figures, at + ".bytes"),
                   grouped(figures.number(at + ".entries")), grouped(figures.number(at + ".tombstones")),
                   grouped(figures.number(at + ".expiring")), figures.text(at + ".version_min") + "-" + figures.text(at + ".version_max"),
                   figures.text(at + ".compression"), shown_key(figures, at + ".smallest"), shown_key(figures, at + ".largest")});
    }
  }
  columns.print(output);
}

void print_wal(Output& output, const JsonFigures& figures) {
  Columns columns({"segment", "state", "bytes", "records", "entries", "end", "behind", "versions"});
  for (size_t segment = 0; segment < figures.element_count("segments"); ++segment) {
    const std::string at = "segments." + std::to_string(segment);
    if (has_error(figures, at)) {
      columns.row({figures.text(at + ".segment"), figures.text(at + ".state"), error_of(figures, at)});
      continue;
    }
    columns.row({figures.text(at + ".segment"), figures.text(at + ".state"), size_of(figures, at + ".bytes"),
                 grouped(figures.number(at + ".records")), grouped(figures.number(at + ".entries")), figures.text(at + ".end"),
                 figures.text(at + ".bytes_behind"),
                 figures.has(at + ".version_min") ? figures.text(at + ".version_min") + "-" + figures.text(at + ".version_max") : "-"});
  }
  columns.print(output);
}

void print_manifest(Output& output, const JsonFigures& figures) {
  output.line("database       " + figures.text("db_id"));
  output.line("closed         " + std::string(figures.text("closed_clean") == "true" ? "in order" : "not in order, or open now"));
  output.line("version floor  " + figures.text("version_floor"));
  output.line("next table     " + figures.text("next_table") + ", run " + figures.text("next_run") + ", segment " +
              figures.text("next_segment"));
  output.line("segments       " + std::to_string(figures.element_count("segments")) + " live, " +
              std::to_string(figures.element_count("retained_segments")) + " retained");
  output.line("tables         " + std::to_string(figures.element_count("tables")));
  Columns columns({"file", "bytes"});
  for (const auto& [folder, array] : {std::pair("manifest/", "manifest_files"), {"wal/", "log_files"}, {"tables/", "table_files"}}) {
    for (size_t file = 0; file < figures.element_count(array); ++file) {
      const std::string at = std::string(array) + "." + std::to_string(file);
      columns.row({folder + figures.text(at + ".file"), figures.text(at + ".bytes")});
    }
  }
  columns.print(output);
}

int levels(const Settings& settings, const InspectArguments&) {
  return print(settings, inspected(settings, FIRN_INSPECT_TABLES), print_levels);
}
int wal(const Settings& settings, const InspectArguments&) { return print(settings, inspected(settings, FIRN_INSPECT_LOG), print_wal); }
int manifest(const Settings& settings, const InspectArguments&) {
  return print(settings, inspected(settings, FIRN_INSPECT_MANIFEST), print_manifest);
}

// One table, member by member, by its number.
int table(const Settings& settings, const InspectArguments& arguments) {
  const std::string json = inspected(settings, FIRN_INSPECT_TABLES);
  const std::string begin = "{\"table\":" + std::to_string(arguments.table) + ",";
  const size_t at = json.find(begin);
  if (at == std::string::npos)
    throw Failure{FIRN_NOT_FOUND, "there is no table " + std::to_string(arguments.table) + "; `firn levels` lists them", settings.path};
  size_t end = at;
  size_t depth = 0;
  bool is_in_text = false;
  do {  // the object's own brace: text holds none that is not escaped in pairs, but an error's message may
    const char c = json[end++];
    if (is_in_text) {
      if (c == '\\') ++end;
      is_in_text = c != '"';
    } else {
      is_in_text = c == '"';
      depth += c == '{' ? 1u : 0u;
      depth -= c == '}' ? 1u : 0u;
    }
  } while (depth > 0);
  const std::string object = json.substr(at, end - at);
  return print(settings, object, [](Output& output, const JsonFigures& figures) {
    for (const char* const name :
         {"table", "file", "bytes", "compression", "entries", "tombstones", "expiring", "key_value_bytes", "version_min", "version_max",
          "entries_bytes", "stored_bytes", "groups", "index_bytes", "chunks", "namespaces"}) {
      if (figures.has(name)) output.line(std::string(name) + std::string(17 - std::string_view(name).size(), ' ') + figures.text(name));
    }
    if (figures.has("smallest.key_hex")) {
      output.line("smallest         " + shown_key(figures, "smallest"));
      output.line("largest          " + shown_key(figures, "largest"));
    }
    if (figures.has("error.code")) output.line("DAMAGED          " + figures.text("error.message") + " " + figures.text("error.offset"));
  });
}

void print_explanation(Output& output, const JsonFigures& figures) {
  output.line("a reader gets: " + figures.text("answer"));
  Columns columns({"version", "what", "bytes", "where"});
  for (size_t i = 0; i < figures.element_count("versions"); ++i) {
    const std::string at = "versions." + std::to_string(i);
    std::string where = figures.text(at + ".file");
    where += figures.has(at + ".offset") ? " at " + figures.text(at + ".offset") : " in run " + figures.text(at + ".run");
    if (figures.has(at + ".expiry_ms")) where += ", expires at " + figures.text(at + ".expiry_ms");
    columns.row({figures.text(at + ".version"), figures.text(at + ".kind"), figures.text(at + ".value_bytes"), where});
  }
  columns.print(output);
  output.line("tables asked: " + figures.text("tables_asked") + ", of " + figures.text("runs") + " runs");
}

int explain_key(const Settings& settings, const InspectArguments& arguments) {
  const std::string key = settings.bytes_of(arguments.key, "KEY");
  const std::string ns = settings.bytes_of(settings.ns_name, "--ns");
  firn_error error = FIRN_ERROR_INIT;
  int64_t code = 0;
  const std::string json = text_of(
      [&](char* buf, size_t cap) {
        return firn_explain_key(settings.path.c_str(), octets(ns), ns.size(), octets(key), key.size(), buf, cap, &error);
      },
      &code);
  if (code < 0) throw failure_of(static_cast<int32_t>(code), error);
  return print(settings, json, print_explanation);
}

}  // namespace

void add_inspect_commands(CLI::App& app, Invocation& invocation) {
  const auto arguments = std::make_shared<InspectArguments>();
  const auto add = [&](const char* name, const char* text, int (*command)(const Settings&, const InspectArguments&)) {
    CLI::App* const sub = app.add_subcommand(name, text);
    sub->add_option("DB", invocation.settings.path, "Directory of the database; it may be open elsewhere, or damaged")->required();
    add_output_options(*sub, invocation.settings);
    sub->callback([&invocation, arguments, command] {
      invocation.run = [&invocation, arguments, command] { return command(invocation.settings, *arguments); };
    });
    return sub;
  };
  add("levels", "Print the sorted runs, newest first, with their tables", levels);
  add("table", "Print what the footer of a table says", table)
      ->add_option("TABLE", arguments->table, "Its number, as levels prints it")
      ->required();
  add("wal", "Print the segments of the write-ahead log, with what they hold", wal);
  add("manifest", "Print what the database consists of, and the files that lie there", manifest);
  CLI::App* const explaining = add("explain-key", "Print where every version of a key lies, and what a reader gets", explain_key);
  explaining->add_option("KEY", arguments->key, "The key")->required();
  add_namespace_option(*explaining, invocation.settings);
}

}  // namespace firn::cli
