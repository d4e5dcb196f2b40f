#include "compare/runner.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "compare/json_lines.h"
#include "compare/workloads.h"

namespace bench {
namespace {

// --quick starts no repetition that would end after this.
constexpr double kQuickSeconds = 170;

constexpr long kTmpfsMagic = 0x01021994;
constexpr long kRamfsMagic = 0x858458f6;

// Set by SIGINT, SIGTERM and SIGHUP: the run then ends in order, so that no database of gigabytes stays behind.
volatile sig_atomic_t interrupted = 0;

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = 1; };  // without SA_RESTART: the parent's read returns
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(number, &action, nullptr);
}

// A directory of this run below options.dir, removed with everything in it at the end.
class WorkDirectory {
 public:
  explicit WorkDirectory(const std::string& parent) {
    struct statfs info;
    if (::statfs(parent.c_str(), &info) != 0) fail("--dir " + parent + ": " + std::strerror(errno));
    if (info.f_type == kTmpfsMagic || info.f_type == kRamfsMagic)
      fail("--dir " + parent + " is memory, not a disk: choose another directory");
    path_ = parent + "/firn-compare.XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) fail("--dir " + parent + ": " + std::strerror(errno));
  }
  ~WorkDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  WorkDirectory(const WorkDirectory&) = delete;
  WorkDirectory& operator=(const WorkDirectory&) = delete;
  // An empty directory, with the disk at rest: what an earlier store left dirty is gone or written.
  std::string fresh() const {
    const std::string path = path_ + "/db";
    std::filesystem::remove_all(path);
    std::filesystem::create_directory(path);
    const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY);
    if (directory >= 0) {
      ::syncfs(directory);
      ::close(directory);
    }
    return path;
  }

 private:
  std::string path_;
};

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
  int ends[2];
  if (::pipe(ends) != 0) fail("no pipe");
  const pid_t child = ::fork();
  if (child < 0) fail("no child process");
  if (child == 0) {
    ::close(ends[0]);
    auto arguments = child_arguments(argv, engine, stage, dir, ends[1]);
    std::vector<char*> pointers;
    for (auto& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    ::execv("/proc/self/exe", pointers.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  char buffer[4096];
  for (ssize_t size = 0; (size = ::read(ends[0], buffer, sizeof buffer)) != 0;) {
    if (size > 0) output.append(buffer, static_cast<size_t>(size));
    if (size < 0 && interrupted) ::kill(child, SIGKILL);
    if (size < 0 && errno != EINTR) break;
  }
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
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

}  // namespace

RunSummary run_all(const Options& options, const std::vector<const EngineInfo*>& engines, char** argv) {
  RunSummary summary;
  catch_interrupts();
  const WorkDirectory work(options.dir);
  JsonLines json(options);
  const auto run_group = [&](const Group& group, const EngineInfo& engine, unsigned rep) {
    const uint64_t start = now_ns();
    const std::string dir = work.fresh();
    bool good = true;
    for (unsigned stage = 0; stage < group.stage_count && good; ++stage) {
      std::string output;
      const int status = run_stage(argv, engine.name, std::string(group.name) + "/" + std::to_string(stage), dir, output);
      good = ended_well(status, group, stage);
      for (size_t place = 0, end = 0; (end = output.find('\n', place)) != std::string::npos; place = end + 1) {
        std::string workload;
        Metrics metrics;
        if (!summary.results.add(engine.name, output.substr(place, end - place), workload, metrics)) continue;
        if (const Workload* row = find_workload(workload)) json.write(engine, *row, rep, metrics);
      }
    }
    summary.failure_count += !good;
    std::fprintf(stderr, "%u/%u %-10s %-18s %6.1f s%s\n", rep + 1, options.reps, group.name, engine.name.c_str(),
                 static_cast<double>(now_ns() - start) / 1e9, good ? "" : "  FAILED");
  };
  const uint64_t start = now_ns();
  for (unsigned rep = 0; rep < options.reps && !interrupted; ++rep) {
    const double seconds = static_cast<double>(now_ns() - start) / 1e9;
    if (options.quick && rep > 0 && seconds + seconds / rep > kQuickSeconds) break;
    ++summary.rep_count;
    for (const auto& group : groups())
      for (const auto* engine : engines)
        if (!interrupted && group_wanted(options, *engine, group)) run_group(group, *engine, rep);
  }
  if (interrupted) std::fprintf(stderr, "interrupted: the tables hold what was measured until then\n");
  return summary;
}

}  // namespace bench
