// bench: a short load of this machine's disk and processor by one thread: random puts, random gets, gets of absent keys, a scan. For a first impression of a
// place and of options; comparisons with other engines are in bench/.
#include <chrono>
#include <cstdio>
#include <optional>

#include "commands.h"
#include "database.h"
#include "interrupt.h"
#include "json_writer.h"
#include "latencies.h"
#include "output.h"
#include "progress.h"
#include "scratch_directory.h"
#include "stats_server.h"

namespace firn::cli {
namespace {

struct BenchArguments {
  uint64_t entry_count = 1'000'000;
  uint64_t value_bytes = 100;
  bool no_progress = false;
  std::optional<uint16_t> serve_port;
};

uint64_t now_ns() {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

// A permutation of the numbers, so that keys come in no order and each once: splitmix64's finalizer is a bijection.
std::string key_of(uint64_t number) {
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  char key[24];
  std::snprintf(key, sizeof key, "%016llx", static_cast<unsigned long long>(number ^ (number >> 31)));
  return key;
}

struct Phase {
  const char* name;
  uint64_t count = 0;
  double seconds = 0;
  Latencies latencies{};  // none of a scan
};

class Bench {
 public:
  Bench(const Database& database, const BenchArguments& arguments)
      : database_(database), arguments_(arguments), value_(arguments.value_bytes, 'v'), buffer_(arguments.value_bytes + 1, 0) {}

  Phase put() {
    return run("put", [&](uint64_t i) {
      const std::string key = key_of(i + 1);
      database_.check(firn_put(database_.handle(), 0, octets(key), key.size(), octets(value_), value_.size()));
    });
  }
  Phase get(const char* name, uint64_t first, bool is_there) {
    return run(name, [&](uint64_t i) {
      const std::string key = key_of(first + i * 7919 % arguments_.entry_count);
      const int64_t length =
          firn_get(database_.handle(), 0, octets(key), key.size(), reinterpret_cast<uint8_t*>(buffer_.data()), buffer_.size());
      if (is_there == (length == FIRN_NOT_FOUND)) throw Failure{FIRN_INTERNAL, "a key is not as it was written", {}};
      if (length != FIRN_NOT_FOUND) database_.check(length);
    });
  }
  Phase scan() {
    Phase phase{"scan"};
    const uint64_t begin = now_ns();
    firn_scan_opts options = FIRN_SCAN_OPTS_INIT;
    Scan scan(database_, options);
    const firn_kv* entries = nullptr;
    while (const size_t found = scan.next(entries)) phase.count += found;
    phase.seconds = static_cast<double>(now_ns() - begin) / 1e9;
    return phase;
  }

 private:
  template <typename Operation>
  Phase run(const char* name, const Operation& operation) {
    Phase phase{name};
    Progress progress(name, 0, !arguments_.no_progress);
    const uint64_t begin = now_ns();
    uint64_t before = begin;
    for (; phase.count < arguments_.entry_count && !is_interrupted(); ++phase.count) {
      operation(phase.count);
      const uint64_t after = now_ns();
      phase.latencies.add(after - before);
      before = after;
      progress.update(phase.count, phase.count * arguments_.value_bytes);
    }
    phase.seconds = static_cast<double>(before - begin) / 1e9;
    return phase;
  }

  const Database& database_;
  const BenchArguments& arguments_;
  const std::string value_;
  std::string buffer_;
};

void print_phase(const Settings& settings, const Phase& phase) {
  const double rate = static_cast<double>(phase.count) / std::max(phase.seconds, 1e-9);
  const auto us = [&](double part) { return static_cast<double>(phase.latencies.quantile_ns(part)) / 1e3; };
  Output output;
  std::string line;
  if (settings.json) {
    JsonObject object(line);
    object.text("phase", phase.name).number("operations", phase.count).seconds("seconds", phase.seconds).seconds("per_second", rate);
    if (phase.latencies.count() > 0) {
      object.number("p50_ns", phase.latencies.quantile_ns(0.5)).number("p99_ns", phase.latencies.quantile_ns(0.99));
    }
    object.end();
  } else {
    char text[160];
    std::snprintf(text, sizeof text, "%-8s %12s  %14s/s", phase.name, grouped(phase.count).c_str(),
                  grouped(static_cast<uint64_t>(rate)).c_str());
    line = text;
    if (phase.latencies.count() > 0) {
      std::snprintf(text, sizeof text, "  p50 %8.1f us  p99 %8.1f us", us(0.5), us(0.99));
      line += text;
    }
  }
  output.line(line);
  output.flush();
}

int bench(Settings settings, const BenchArguments& arguments) {
  // A database that is there is never touched: the load would stay in it.
  std::unique_ptr<ScratchDirectory> scratch;
  if (settings.path.empty()) {
    scratch = std::make_unique<ScratchDirectory>("firn-bench");
    settings.path = scratch->path() + "/db";
  }
  settings.options.push_back("error_if_exists=true");
  catch_interrupts();
  Database database(settings, OpenMode::kCreate);
  std::unique_ptr<StatsServer> server = serve_beside(database, arguments.serve_port);
  Bench bench(database, arguments);
  print_phase(settings, bench.put());
  if (!is_interrupted()) print_phase(settings, bench.get("get", 1, true));
  if (!is_interrupted()) print_phase(settings, bench.get("get-miss", uint64_t{1} << 40, false));
  if (!is_interrupted()) print_phase(settings, bench.scan());
  server.reset();
  database.close();
  return is_interrupted() ? kExitInterrupted : kExitOk;
}

}  // namespace

void add_bench_command(CLI::App& app, Invocation& invocation) {
  const auto arguments = std::make_shared<BenchArguments>();
  CLI::App* const sub = app.add_subcommand("bench", "Measure puts, gets and a scan on this machine, with the options that -o gives");
  sub->add_option("DB", invocation.settings.path, "A database to make for it, and to leave there; without it, a temporary one in $TMPDIR");
  add_engine_options(*sub, invocation.settings);
  add_output_options(*sub, invocation.settings);
  sub->add_option("--entries", arguments->entry_count, "So many entries")
      ->type_name("N")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 32));
  sub->add_option("--value-bytes", arguments->value_bytes, "Bytes of a value; a key has 16")
      ->type_name("N")
      ->check(CLI::Range(uint64_t{0}, uint64_t{1} << 26));
  add_serve_option(*sub, arguments->serve_port);
  sub->add_flag("--no-progress", arguments->no_progress, "No progress bar, also on a terminal");
  sub->callback([&invocation, arguments] { invocation.run = [&invocation, arguments] { return bench(invocation.settings, *arguments); }; });
}

}  // namespace firn::cli
