#include "compare/machine.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace bench {
namespace {

std::string first_line_value(const char* file, const std::string& name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(name))
      if (const size_t colon = line.find(": "); colon != std::string::npos) return line.substr(colon + 2);
  return "unknown";
}

}  // namespace

std::string processor_name() { return first_line_value("/proc/cpuinfo", "model name"); }

void print_machine(std::FILE* out, const std::string& dir) {
  utsname system;
  uname(&system);
  std::fprintf(out, "%s, %ld processors, Linux %s; files in %s\n", processor_name().c_str(), sysconf(_SC_NPROCESSORS_ONLN), system.release,
               dir.c_str());
}

void print_quietness(std::FILE* out, const Results& results) {
  constexpr double kQuiet = 0.05;
  const double foreign = results.weighted_mean("foreign_cpu");
  std::fprintf(out, "Other processes used %.0f %% of the machine's processors meanwhile%s\n\n", foreign * 100,
               foreign < kQuiet
                   ? "."
                   : ": NOT A QUIET MACHINE. Figures and latencies are worse than they are alone; repeat the run before you quote it.");
}

void print_nearness(std::FILE* out, const std::vector<double>& line_ns) {
  constexpr double kSteady = 2;  // as in report.py
  const auto [quickest, slowest] = std::minmax_element(line_ns.begin(), line_ns.end());
  if (quickest == line_ns.end() || *quickest == 0) return;
  std::fprintf(out, "A line of the cache took %.0f to %.0f ns from one processor to the other%s\n\n", *quickest, *slowest,
               *slowest < kSteady * *quickest
                   ? "."
                   : ": THEY WERE NOT ALWAYS AS NEAR. Rows of several threads from before and after do not compare.");
}

}  // namespace bench
