#include "compare/measure.h"

#include <unistd.h>

#include "compare/histogram.h"

namespace bench {
namespace {

double quantile_us(const std::vector<uint32_t>& sorted_ns, double q) {
  if (sorted_ns.empty()) return 0;
  const auto place = static_cast<size_t>(q * static_cast<double>(sorted_ns.size()));
  return sorted_ns[std::min(place, sorted_ns.size() - 1)] / 1e3;
}

}  // namespace

Metrics phase_metrics(const Phase& phase, uint64_t done, double seconds, const std::vector<Sampler>& samplers, const ProcessStats& before) {
  // First, so that what follows is not in it.
  const double units = static_cast<double>(done * phase.units);
  Metrics metrics = usage_metrics(before, seconds, units);
  std::vector<uint32_t> latencies;
  for (const auto& sampler : samplers) latencies.insert(latencies.end(), sampler.latencies_ns().begin(), sampler.latencies_ns().end());
  std::sort(latencies.begin(), latencies.end());
  const double p50_us = quantile_us(latencies, 0.5);
  double pause_us = 0;
  for (const auto& sampler : samplers) {
    const double block_us = static_cast<double>(sampler.block_max_ns()) / 1e3;
    pause_us =
        std::max(pause_us, block_us - static_cast<double>(sampler.block_max_operations() - (sampler.block_max_operations() > 0)) * p50_us);
  }
  metrics.merge(Metrics{{"ops", units},
                        {"seconds", seconds},
                        {"kops", units / seconds / 1e3},
                        {"ns_op", seconds * 1e9 * phase.threads / units},
                        {"p50_us", p50_us},
                        {"p95_us", quantile_us(latencies, 0.95)},
                        {"p99_us", quantile_us(latencies, 0.99)},
                        {"p999_us", quantile_us(latencies, 0.999)},
                        {"pause_max_us", std::max(0.0, pause_us)}});
  return metrics;
}

Metrics usage_metrics(const ProcessStats& before, double seconds, double operations) {
  const ProcessStats after = process_stats();
  const double cpu_us = static_cast<double>(after.cpu_us - before.cpu_us);
  const double machine_us = static_cast<double>(after.machine_cpu_us - before.machine_cpu_us);
  const double processors = static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN));
  return {{"cpu_ns_op", cpu_us * 1e3 / operations},
          {"foreign_cpu", std::max(0.0, machine_us - cpu_us) / (seconds * 1e6 * processors)},
          {"syncs", static_cast<double>(after.sync_count - before.sync_count)},
          {"written_bytes", static_cast<double>(after.written_bytes - before.written_bytes)},
          {"anonymous_mb", static_cast<double>(after.rss_anonymous_bytes) / 1e6},
          {"mapped_mb", static_cast<double>(after.rss_file_bytes) / 1e6}};
}

Metrics time_metrics(const Histogram& times, double seconds) {
  const auto us = [&](double q) { return static_cast<double>(times.quantile(q)) / 1e3; };
  const auto count = static_cast<double>(times.count());
  return {{"ops", count},          {"seconds", seconds},   {"kops", count / seconds / 1e3},
          {"ns_op", times.mean()}, {"p50_us", us(0.5)},    {"p95_us", us(0.95)},
          {"p99_us", us(0.99)},    {"p999_us", us(0.999)}, {"pause_max_us", static_cast<double>(times.max()) / 1e3}};
}

}  // namespace bench
