// stat, compact, check: looking after a database.
#include <algorithm>
#include <chrono>

#include "commands.h"
#include "database.h"
#include "encoding.h"
#include "json_figures.h"
#include "json_reader.h"
#include "json_writer.h"
#include "output.h"

namespace firn::cli {
namespace {

constexpr unsigned kStatsDepthMax = 16;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::string recovery_json(const Database& database) {
  firn_recovery_info info = FIRN_RECOVERY_INFO_INIT;
  database.check(firn_recovery(database.handle(), &info));
  std::string json;
  JsonObject(json)
      .boolean("clean", info.clean == 1)
      .number("records_replayed", info.records_replayed)
      .number("bytes_replayed", info.bytes_replayed)
      .number("bytes_dropped", info.bytes_dropped)
      .number("dropped_offset", info.dropped_offset)
      .bytes("dropped_file", info.dropped_file, false)
      .end();
  return json;
}

using Text = int64_t (*)(firn_db*, char*, size_t);

std::string stats_text(const Database& database, Text function) {
  int64_t code = 0;
  std::string text = text_of([&](char* buf, size_t cap) { return function(database.handle(), buf, cap); }, &code);
  database.check(code);
  return text;
}

// One figure a line: "wal.segments  3".
void print_flat(Output& output, const std::string& json) {
  std::vector<JsonMember> members;
  JsonReader reader(json, kStatsDepthMax);
  if (!reader.read_object(members))
    throw Failure{FIRN_INTERNAL, std::string("the library's statistics are not JSON: ") + reader.error(), {}};
  size_t width = 0;
  for (const JsonMember& member : members) width = std::max(width, member.path.size());
  for (const JsonMember& member : members) {
    std::string line = member.path + std::string(width + 2 - member.path.size(), ' ');
    append_printable(line, member.text);
    output.line(line);
  }
}

int stat_prometheus(const Settings& settings) {
  Database database(settings, OpenMode::kExisting);
  const std::string text = stats_text(database, firn_stats_prometheus);
  database.close();
  Output output;
  output.write(text);
  output.flush();
  return kExitOk;
}

int stat(const Settings& settings) {
  Database database(settings, OpenMode::kExisting);
  std::string json;
  JsonObject(json)
      .bytes("path", settings.path, false)
      .text("library", firn_build_info())
      .raw("recovery", recovery_json(database))
      .raw("stats", stats_text(database, firn_stats_json))
      .end();
  database.close();
  Output output;
  if (settings.json) {
    output.line(json);
  } else {
    print_flat(output, json);
  }
  output.flush();
  return kExitOk;
}

void print_done(const Settings& settings, const char* member, const char* text, double seconds) {
  Output output;
  std::string line;
  if (settings.json) {
    JsonObject(line).boolean(member, true).seconds("seconds", seconds).end();
  } else {
    line = text;
  }
  output.line(line);
  output.flush();
}

int compact(const Settings& settings) {
  const auto begin = std::chrono::steady_clock::now();
  Database database(settings, OpenMode::kExisting);
  database.check(firn_compact(database.handle()));
  database.close();
  print_done(settings, "compacted", "compacted", seconds_since(begin));
  return kExitOk;
}

int check(const Settings& settings) {
  const auto begin = std::chrono::steady_clock::now();
  firn_error error = FIRN_ERROR_INIT;
  const int32_t code = firn_check(settings.path.c_str(), &error);
  if (code != FIRN_OK) throw failure_of(code, error);
  print_done(settings, "ok", "ok: every checksum verifies", seconds_since(begin));
  return kExitOk;
}

}  // namespace

void add_operate_commands(CLI::App& app, Invocation& invocation) {
  const auto add = [&](const char* name, const char* text, int (*command)(const Settings&)) {
    CLI::App* const sub = app.add_subcommand(name, text);
    sub->callback([&invocation, command] { invocation.run = [&invocation, command] { return command(invocation.settings); }; });
    return sub;
  };
  CLI::App* const counting = add("stat", "Print statistics, and what opening found; -o read_only=true beside a writer", stat);
  add_database_options(*counting, invocation.settings);
  const auto is_prometheus = std::make_shared<bool>(false);
  counting->add_flag("--prometheus", *is_prometheus, "In the text format of Prometheus");
  counting->callback([&invocation, is_prometheus] {
    invocation.run = [&invocation, is_prometheus] {
      return *is_prometheus ? stat_prometheus(invocation.settings) : stat(invocation.settings);
    };
  });
  add_database_options(*add("compact", "Press the database into its smallest form, and wait for it", compact), invocation.settings);
  CLI::App* const checking = add("check", "Verify every byte of a database that nobody has open; writes nothing", check);
  checking->add_option("DB", invocation.settings.path, "Directory of the database")->required();
  add_output_options(*checking, invocation.settings);
}

}  // namespace firn::cli
