#include "seeds/report.h"

#include "compare/machine.h"
#include "seeds/figures.h"

namespace bench {
namespace {

std::string time_text(double ns) {
  if (ns <= 0) return "-";
  if (ns < 1e3) return figure(ns) + " ns";
  return ns < 1e6 ? figure(ns / 1e3) + " us" : figure(ns / 1e6) + " ms";
}

std::string ratio_to(double base_ns, double ns) { return base_ns > 0 && ns > 0 ? ratio(base_ns / ns) : "-"; }

// Three quantiles of single calls.
std::string quantiles(const Results& results, const Row& row, const Variant& variant) {
  std::string text;
  for (const char* metric : {"p50_us", "p95_us", "p99_us"})
    text += (text.empty() ? "" : " / ") + time_text(results.median(variant.name, row.name, metric) * 1e3);
  return text;
}

// The other ways to run the row, each with its ratio.
std::string beside(const Results& results, const Row& row, double base_ns) {
  std::string text;
  for (size_t i = 1; i < row.variants.size(); ++i) {
    const Variant& variant = row.variants[i];
    const double ns = results.median(variant.name, row.name, "wall_ns");
    const double less_ns = variant.preformatted ? kFormattingNs : 0;
    text += (text.empty() ? "" : "; ") + std::string(variant.name) + " " + time_text(ns);
    if (base_ns > less_ns) text += " (" + ratio_to(base_ns - less_ns, ns) + ")";
  }
  return text;
}

std::string base_text(const Figure* known) {
  if (known == nullptr) return "";
  std::string text = known->base_ns > 0 ? std::string(known->base) + " " + time_text(known->base_ns) : "";
  if (known->syncs > 0) text = figure(known->syncs) + " syncs an operation";
  if (known->checksummed_ns > 0) text += "; with CRC " + time_text(known->checksummed_ns);
  if (*known->note != '\0') text += (text.empty() ? "" : "; ") + std::string(known->note);
  return text;
}

// How many times as fast as the seed a row is in its first variant; of the two figures of a row with checksums, both.
struct Advantage {
  double ratio = -1, checksummed_ratio = -1;

  Advantage(const Results& results, const Row& row, const Figure* known) {
    if (known == nullptr) return;
    const char* const variant = row.variants.front().name;
    const double ns = results.median(variant, row.name, "wall_ns");
    if (ns <= 0) return;
    if (known->base_ns > 0) ratio = known->base_ns / ns;
    if (known->checksummed_ns > 0) checksummed_ratio = known->checksummed_ns / ns;
    const double syncs = results.median(variant, row.name, "syncs");
    if (known->syncs > 0 && syncs > 0) ratio = known->syncs * results.median(variant, row.name, "ops") / syncs;
  }
  std::string text() const { return bench::ratio(ratio) + (checksummed_ratio < 0 ? "" : ", " + bench::ratio(checksummed_ratio)); }
  bool reaches(double asked) const { return ratio >= asked && (checksummed_ratio < 0 || checksummed_ratio >= asked); }
};

class Verdicts {
 public:
  std::string of(const Row& row, const Figure* known, const Advantage& advantage, bool failed) {
    if (failed) return "FAILED";
    if (advantage.ratio < 0 || known->syncs > 0) return "";
    const bool reached = advantage.reaches(kAsked);
    ++judged_count_;
    if (!reached) missed_.push_back(row.name);
    return reached ? "reached" : "not yet";
  }
  void print(std::FILE* out) const {
    std::fprintf(out, "\n%zu of %zu rows with a valid figure are at least %.0f times as fast.", judged_count_ - missed_.size(),
                 judged_count_, kAsked);
    for (size_t i = 0; i < missed_.size(); ++i) std::fprintf(out, "%s%s", i == 0 ? " Not yet: " : ", ", missed_[i].c_str());
    std::fprintf(out, "\n");
  }

 private:
  size_t judged_count_ = 0;
  std::vector<std::string> missed_;
};

}  // namespace

void print_report(std::FILE* out, const SeedOptions& options, const std::vector<const Row*>& rows, const Results& results,
                  const std::set<std::string>& failed) {
  const bool is_trial = options.extent.scale < 1;
  print_machine(out, options.dir);
  std::fprintf(out, "Medians of %u interleaved repetitions; times an operation of all threads together; quantiles of single calls.\n",
               options.reps);
  if (is_trial) std::fprintf(out, "Sizes are %.3g of the seeds': a trial, not their rows.\n", options.extent.scale);
  print_quietness(out, results);
  std::fprintf(
      out,
      "| row | workload | durability: seed, Firn | published | re-measured | compared with | Firn | p50 / p95 / p99 | ratio | beside "
      "it | %.0fx |\n| --- | --- | --- | ---: | ---: | --- | ---: | ---: | ---: | --- | --- |\n",
      kAsked);
  Verdicts verdicts;
  for (const Row* row : rows) {
    const Variant& first = row->variants.front();
    const double ns = results.median(first.name, row->name, "wall_ns");
    const Figure* known = find_figure(row->name);
    const double base_ns = known == nullptr ? 0 : known->base_ns;
    const bool has_failed = failed.count(row->name) != 0;
    if (!has_failed && ns <= 0) continue;  // the run was interrupted
    const Advantage advantage(results, *row, known);
    const std::string verdict = is_trial && !has_failed ? "" : verdicts.of(*row, known, advantage, has_failed);
    std::fprintf(out, "| %s | %s | %s, %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", row->name, row->workload, row->durability,
                 first.name, time_text(known == nullptr ? 0 : known->published_ns).c_str(),
                 time_text(known == nullptr ? 0 : known->remeasured_ns).c_str(), base_text(known).c_str(), time_text(ns).c_str(),
                 quantiles(results, *row, first).c_str(), advantage.text().c_str(), beside(results, *row, base_ns).c_str(),
                 verdict.c_str());
  }
  if (!is_trial) verdicts.print(out);
}

}  // namespace bench
