#include "compare/runner.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "compare/child.h"
#include "compare/json_lines.h"
#include "compare/line_transfer.h"
#include "compare/work_directory.h"
#include "compare/workloads.h"

namespace bench {
namespace {

// --quick starts no repetition that would end after this.
constexpr double kQuickSeconds = 170;

std::vector<std::string> child_arguments(char** argv, const std::string& engine, const std::string& stage, const std::string& dir, int fd) {
  std::vector<std::string> arguments;
  for (char** argument = argv; *argument != nullptr; ++argument) arguments.emplace_back(*argument);
  const std::pair<const char*, std::string> extra[] = {
      {"--child-engine", engine}, {"--child-group", stage}, {"--child-dir", dir}, {"--child-fd", std::to_string(fd)}};
  for (const auto& [name, value] : extra) {
    arguments.emplace_back(name);
    arguments.push_back(value);
  }
  return arguments;
}

// Runs one child to its end; returns its wait status and what it wrote to its pipe.
int run_stage(char** argv, const std::string& engine, const std::string& stage, const std::string& dir, std::string& output) {
  const auto start_anew = [&](int fd) {
    auto arguments = child_arguments(argv, engine, stage, dir, fd);
    std::vector<char*> pointers;
    for (auto& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    ::execv("/proc/self/exe", pointers.data());
    return 127;
  };
  return run_child_process(start_anew, output);
}

bool ended_well(int status, const Group& group, unsigned stage) {
  const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  if (group.name == std::string_view("recovery") && stage == 0) return killed;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool group_wanted(const Options& options, const EngineInfo& engine, const Group& group) {
  for (const auto& workload : workloads())
    if (workload.group == std::string_view(group.name) && selected(options, workload) && can_run(engine, workload)) return true;
  return false;
}

JsonObject json_conditions(const Options& options) {
  return run_conditions()
      .number("keys", static_cast<double>(options.key_count))
      .text("key_kind", key_kind_name(options.key_kind))
      .number("key_bytes", static_cast<double>(options.key_bytes))
      .number("value_bytes", static_cast<double>(options.value_bytes))
      .number("threads", options.threads);
}

JsonObject json_result(JsonObject object, const EngineInfo& engine, const Workload& workload, unsigned rep, const Metrics& metrics) {
  return object.text("engine", engine.name)
      .text("version", engine.version)
      .flag("debug_package", engine.debug_package)
      .text("settings", engine.settings)
      .flag("peer", engine.peer)
      .text("group", workload.group)
      .text("workload", workload.name)
      .text("text", workload.text)
      .text("metric", workload.metric)
      .text("unit", workload.unit)
      .flag("higher_is_better", workload.higher_is_better)
      .number("rep", rep)
      .metrics(metrics);
}

}  // namespace

RunSummary run_all(const Options& options, const std::vector<const EngineInfo*>& engines, char** argv) {
  RunSummary summary;
  catch_interrupts();
  const WorkDirectory work(options.dir, "firn-compare");
  JsonLines json(options.json_path);
  const JsonObject conditions = json_conditions(options);
  const auto run_group = [&](const Group& group, const EngineInfo& engine, unsigned rep) {
    const uint64_t start = now_ns();
    const std::string dir = work.fresh();
    const double line_ns = line_transfer_ns();
    summary.line_ns.push_back(line_ns);
    bool good = true;
    for (unsigned stage = 0; stage < group.stage_count && good; ++stage) {
      std::string output;
      const int status = run_stage(argv, engine.name, std::string(group.name) + "/" + std::to_string(stage), dir, output);
      good = ended_well(status, group, stage);
      for (size_t place = 0, end = 0; (end = output.find('\n', place)) != std::string::npos; place = end + 1) {
        std::string workload;
        Metrics metrics;
        if (!summary.results.add(engine.name, output.substr(place, end - place), workload, metrics)) continue;
        if (const Workload* row = find_workload(workload))
          json.write(json_result(conditions, engine, *row, rep, metrics).number("line_ns", line_ns));
      }
    }
    summary.failure_count += !good;
    std::fprintf(stderr, "%u/%u %-10s %-18s %6.1f s%s\n", rep + 1, options.reps, group.name, engine.name.c_str(),
                 static_cast<double>(now_ns() - start) / 1e9, good ? "" : "  FAILED");
  };
  const uint64_t start = now_ns();
  for (unsigned rep = 0; rep < options.reps && !interrupted(); ++rep) {
    const double seconds = static_cast<double>(now_ns() - start) / 1e9;
    if (options.quick && rep > 0 && seconds + seconds / rep > kQuickSeconds) break;
    ++summary.rep_count;
    for (const auto& group : groups())
      for (const auto* engine : engines)
        if (!interrupted() && group_wanted(options, *engine, group)) run_group(group, *engine, rep);
  }
  if (interrupted()) std::fprintf(stderr, "interrupted: the tables hold what was measured until then\n");
  return summary;
}

}  // namespace bench
