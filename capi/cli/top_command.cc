// top: a live view of a database in the terminal: rates, latencies, the runs as bars, stalls. Of a directory (read-only, beside its writer), or of a program that
// serves its statistics (an address: --serve of a command, or firn_stats_json at /stats.json of any program), which knows its reads and latencies too.
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

#include "columns.h"
#include "commands.h"
#include "database.h"
#include "duration.h"
#include "http.h"
#include "interrupt.h"
#include "json_figures.h"
#include "json_writer.h"
#include "output.h"
#include "terminal.h"

namespace firn::cli {
namespace {

struct TopArguments {
  std::string interval = "1s";
  uint64_t count = 0;
};

// Where the readings come from.
class StatsSource {
 public:
  explicit StatsSource(const Settings& settings) {
    if (settings.path.starts_with("http://")) {
      url_ = settings.path + (settings.path.find('/', 7) == std::string::npos ? "/stats.json"
                              : settings.path.ends_with("/")                  ? "stats.json"
                                                                              : "");
      return;
    }
    Settings read_only = settings;
    read_only.options.push_back("read_only=true");
    database_.emplace(read_only, OpenMode::kExisting);
  }

  std::string read() {
    if (!database_) {
      std::string json = http_get(url_);
      json.erase(json.find_last_not_of("\r\n") + 1);
      return json;
    }
    database_->check(firn_refresh(database_->handle()));
    int64_t code = 0;
    std::string json = text_of([&](char* buf, size_t cap) { return firn_stats_json(database_->handle(), buf, cap); }, &code);
    database_->check(code);
    return json;
  }

 private:
  std::string url_;
  std::optional<Database> database_;
};

// The keyboard gives single keys; as it was when destroyed. Only when standard input is a terminal.
class Keyboard {
 public:
  Keyboard() {
    if (!is_terminal(STDIN_FILENO) || ::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    is_raw_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
  }
  ~Keyboard() {
    if (is_raw_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  Keyboard(const Keyboard&) = delete;
  Keyboard& operator=(const Keyboard&) = delete;

  // Waits; true: somebody wants to leave.
  bool wait(int ms) const {
    if (!is_raw_) {
      ::poll(nullptr, 0, ms);
      return is_interrupted();
    }
    pollfd key{STDIN_FILENO, POLLIN, 0};
    char c = 0;
    return (::poll(&key, 1, ms) > 0 && ::read(STDIN_FILENO, &c, 1) == 1 && (c == 'q' || c == 'Q' || c == 4)) || is_interrupted();
  }

 private:
  termios before_{};
  bool is_raw_ = false;
};

struct Reading {
  explicit Reading(std::string text) : json(std::move(text)), figures(json) {}
  std::string json;
  JsonFigures figures;
};

class View {
 public:
  View(const Reading* before, const Reading& now) : before_(before), now_(now.figures) {}

  std::string rate(std::initializer_list<const char*> names, bool is_bytes) const {
    double value = per_second(names);
    return (is_bytes ? readable_bytes(value) : grouped(static_cast<uint64_t>(std::llround(value)))) + "/s";
  }
  double per_second(std::initializer_list<const char*> names) const {
    if (before_ == nullptr) return 0;
    const double ms = static_cast<double>(now_.number("uptime_ms")) - static_cast<double>(before_->figures.number("uptime_ms"));
    double sum = 0;
    for (const char* const name : names) sum += static_cast<double>(now_.number(name)) - static_cast<double>(before_->figures.number(name));
    return sum <= 0 ? 0 : sum * 1000 / std::max(ms, 1.0);
  }
  bool is_read_only() const { return now_.text("read_only") == "true"; }
  // A reader beside the writer counts versions, not commits.
  const char* commits() const { return is_read_only() ? "version" : "commits"; }
  const JsonFigures& now() const { return now_; }

 private:
  const Reading* before_;
  const JsonFigures& now_;
};

std::string time_text(uint64_t ns) {
  char text[32];
  if (ns < 1000) {
    std::snprintf(text, sizeof text, "%llu ns", static_cast<unsigned long long>(ns));
  } else if (ns < 1'000'000) {
    std::snprintf(text, sizeof text, "%.1f us", static_cast<double>(ns) / 1e3);
  } else {
    std::snprintf(text, sizeof text, "%.1f ms", static_cast<double>(ns) / 1e6);
  }
  return text;
}

void print_latencies(Output& output, const View& view) {
  Columns columns({"", "timed", "p50", "p99", "p99.9", "max"});
  bool has_any = false;
  for (const char* const name : {"get", "commit", "sync", "flush", "compaction", "stall"}) {
    const std::string at = std::string("latencies.") + name;
    if (view.now().number(at + ".count") == 0) continue;
    has_any = true;
    columns.row({name, grouped(view.now().number(at + ".count")), time_text(view.now().number(at + ".p50_ns")),
                 time_text(view.now().number(at + ".p99_ns")), time_text(view.now().number(at + ".p999_ns")),
                 time_text(view.now().number(at + ".max_ns"))});
  }
  if (has_any) columns.print(output);
}

void print_runs(Output& output, const View& view, bool has_color) {
  constexpr size_t kBarColumns = 40;
  const size_t count = view.now().element_count("runs");
  uint64_t largest = 1;
  for (size_t i = 0; i < count; ++i) largest = std::max(largest, view.now().number("runs." + std::to_string(i) + ".bytes"));
  for (size_t i = 0; i < count; ++i) {
    const std::string at = "runs." + std::to_string(i);
    const uint64_t bytes = view.now().number(at + ".bytes");
    const auto filled = std::max<size_t>(1, static_cast<size_t>(static_cast<double>(bytes) / static_cast<double>(largest) * kBarColumns));
    const std::string bar(filled, '#');
    char head[64];
    std::snprintf(head, sizeof head, "run %2zu  %10s  %5llu tables  ", i, readable_bytes(static_cast<double>(bytes)).c_str(),
                  static_cast<unsigned long long>(view.now().number(at + ".tables")));
    output.line(head + (has_color ? "\033[34m" + bar + "\033[0m" : bar));
  }
}

void print_view(Output& output, const Settings& settings, const View& view, bool has_color) {
  const JsonFigures& now = view.now();
  output.line(
      "firn top  " + settings.path + "  version " + now.text("version") +
      (view.is_read_only() ? "  (beside the writer)" : "  open for " + readable_duration(static_cast<int64_t>(now.number("uptime_ms")))));
  output.line("reads " + view.rate({"gets"}, false) + "   commits " + view.rate({view.commits()}, false) + "   written " +
              view.rate({"write_bytes"}, true) + "   to disk " + view.rate({"log_written_bytes", "flush_bytes", "compaction_bytes"}, true) +
              "   syncs " + view.rate({"syncs"}, false));
  const std::string stalls = "stalls " + grouped(now.number("stalls")) + "   conflicts " + grouped(now.number("conflicts"));
  output.line((has_color && now.number("stalls") > 0 ? "\033[31m" + stalls + "\033[0m" : stalls) + "   flushes " +
              grouped(now.number("flushes")) + "   compactions " + grouped(now.number("compactions")) +
              (now.text("compacting") == "true" ? " (at it)" : "") + "   former states " + grouped(now.number("retired_views")));
  output.line("memtables " + now.text("memtable_count") + " over " + readable_bytes(static_cast<double>(now.number("log_bytes"))) +
              " of log   tables " + grouped(now.number("table_count")) + ", " +
              readable_bytes(static_cast<double>(now.number("table_bytes"))) + "   to flush " +
              readable_bytes(static_cast<double>(now.number("flush_debt_bytes"))) + "   to compact " +
              readable_bytes(static_cast<double>(now.number("compaction_debt_bytes"))));
  print_runs(output, view, has_color);
  print_latencies(output, view);
}

void print_json(Output& output, const View& view, const std::string& stats) {
  std::string line;
  JsonObject(line)
      .seconds("reads_per_second", view.per_second({"gets"}))
      .seconds("commits_per_second", view.per_second({view.commits()}))
      .seconds("write_bytes_per_second", view.per_second({"write_bytes"}))
      .seconds("disk_bytes_per_second", view.per_second({"log_written_bytes", "flush_bytes", "compaction_bytes"}))
      .raw("stats", stats)
      .end();
  output.line(line);
}

// The whole screen on a terminal, which shows what it did before when the view ends; else block after block.
class Screen {
 public:
  explicit Screen(bool enabled) : enabled_(enabled) { write("\033[?1049h\033[?25l"); }
  ~Screen() {
    if (enabled_) (void)write_fully(STDOUT_FILENO, "\033[?25h\033[?1049l");
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  void begin(Output& output) const {
    if (enabled_) output.write("\033[H\033[J");
  }
  void end(Output& output) const {
    if (enabled_) output.line("q ends");
  }

 private:
  void write(std::string_view text) const {
    if (enabled_) (void)write_fully(STDOUT_FILENO, text);
  }
  bool enabled_;
};

bool wants_color(bool is_screen) {
  const char* no_color = std::getenv("NO_COLOR");
  return is_screen && (no_color == nullptr || *no_color == '\0');
}

int top(const Settings& settings, const TopArguments& arguments) {
  const int64_t interval_ms = duration_ms_of(arguments.interval);
  StatsSource source(settings);
  catch_interrupts();
  const char* terminal = std::getenv("TERM");
  const bool is_screen =
      !settings.json && is_terminal(STDOUT_FILENO) && terminal != nullptr && *terminal != '\0' && std::string_view(terminal) != "dumb";
  const Keyboard keyboard;
  const Screen screen(is_screen);
  std::optional<Reading> before;
  for (uint64_t shown = 0; !is_interrupted();) {
    Reading now(source.read());
    Output output;
    const View view(before ? &*before : nullptr, now);
    screen.begin(output);
    settings.json ? print_json(output, view, now.json) : print_view(output, settings, view, wants_color(is_screen));
    screen.end(output);
    output.flush();
    before.emplace(std::move(now.json));
    if (++shown == arguments.count || keyboard.wait(static_cast<int>(std::min<int64_t>(interval_ms, 3'600'000)))) break;
  }
  return kExitOk;
}

}  // namespace

void add_top_command(CLI::App& app, Invocation& invocation) {
  const auto arguments = std::make_shared<TopArguments>();
  CLI::App* const sub = app.add_subcommand("top", "Watch a database: rates, latencies, runs as bars, stalls; until q or an interrupt");
  sub->add_option(
         "DB", invocation.settings.path,
         "Directory of the database, beside its writer; or the address that a program serves its statistics at (http://127.0.0.1:PORT)")
      ->required();
  add_engine_options(*sub, invocation.settings);
  add_output_options(*sub, invocation.settings);
  sub->add_option("--interval", arguments->interval, "Time between two readings")->type_name("TIME")->capture_default_str();
  sub->add_option("-n,--count", arguments->count, "End after so many readings; 0: never")->type_name("N");
  sub->callback([&invocation, arguments] { invocation.run = [&invocation, arguments] { return top(invocation.settings, *arguments); }; });
}

}  // namespace firn::cli
