// firn_seeds: the benchmarks of the five earlier systems, again, through firn.h, beside their figures. See bench/README.md.
#include <sys/wait.h>

#include <cstdio>
#include <set>

#include "compare/child.h"
#include "compare/json_lines.h"
#include "compare/work_directory.h"
#include "seeds/figures.h"
#include "seeds/options.h"
#include "seeds/report.h"
#include "seeds/row.h"

namespace bench {
namespace {

std::vector<const Row*> chosen_rows(const SeedOptions& options) {
  std::vector<const Row*> chosen;
  for (const Row& row : all_rows()) {
    bool wanted = options.rows.empty();
    for (const auto& name : options.rows) wanted |= is_meant(row, name);
    if (wanted) chosen.push_back(&row);
  }
  return chosen;
}

void print_list() {
  for (const Row& row : all_rows()) std::printf("%-30s %-10s %s\n", row.name, row.durability, row.workload);
}

JsonObject json_result(JsonObject object, const Row& row, const Variant& variant, const Extent& extent, unsigned rep,
                       const Metrics& metrics) {
  object.text("row", row.name).text("workload", row.workload).text("seed_durability", row.durability).text("variant", variant.name);
  if (const Figure* known = find_figure(row.name))
    object.number("published_ns", known->published_ns)
        .number("remeasured_ns", known->remeasured_ns)
        .number("base_ns", known->base_ns)
        .text("base", known->base);
  return object.number("scale", extent.scale).number("rep", rep).metrics(metrics);
}

// One variant of a row, in a process and a directory of its own. False when it did not end well.
bool run_variant(const Row& row, const Variant& variant, const SeedOptions& options, const WorkDirectory& work, Results& results,
                 Metrics& metrics) {
  const std::string dir = work.fresh();
  std::string output;
  const auto body = [&](int fd) {
    Run run(row, variant, options.extent, dir, fd);
    row.run(run);
    return 0;
  };
  const int status = run_child_process(body, output);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || output.empty()) return false;
  std::string name;
  return results.add(variant.name, output.substr(0, output.size() - 1), name, metrics);
}

int run(int argc, char** argv) {
  const SeedOptions options = parse_options(argc, argv);
  if (options.list) {
    print_list();
    return 0;
  }
  catch_interrupts();
  const WorkDirectory work(options.dir, "firn-seeds");
  JsonLines json(options.json_path);
  const JsonObject conditions = run_conditions();
  const auto rows = chosen_rows(options);
  Results results;
  std::set<std::string> failed;
  for (unsigned rep = 0; rep < options.reps && !interrupted(); ++rep) {
    for (const Row* row : rows) {
      for (const Variant& variant : row->variants) {
        if (interrupted()) break;
        Metrics metrics;
        const bool good = run_variant(*row, variant, options, work, results, metrics);
        if (good) json.write(json_result(conditions, *row, variant, options.extent, rep, metrics));
        const bool has_failed = !good && !interrupted();
        if (has_failed) failed.insert(row->name);
        std::fprintf(stderr, "%u/%u %-30s %-20s %s\n", rep + 1, options.reps, row->name, variant.name, has_failed ? "FAILED" : "");
      }
    }
  }
  if (interrupted()) std::fprintf(stderr, "interrupted: the table holds what was measured until then\n");
  print_report(stdout, options, rows, results, failed);
  return failed.empty() && !interrupted() ? 0 : 1;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::run(argc, argv); }
