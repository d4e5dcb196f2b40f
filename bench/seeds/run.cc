#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "compare/results.h"
#include "seeds/row.h"

namespace bench {
namespace {

constexpr double kScaledMin = 10;  // the smallest list of keys that a row needs

}  // namespace

const std::vector<Row>& all_rows() {
  static const std::vector<Row> rows = [] {
    std::vector<Row> list;
    for (const auto& seed : {bitcask_rows(), murakami_rows(), strata_rows(), golite_rows(), namestore_rows()})
      list.insert(list.end(), seed.begin(), seed.end());
    return list;
  }();
  return rows;
}

bool is_meant(const Row& row, std::string_view name) {
  const std::string_view full = row.name;
  return full == name || full.substr(0, full.find('.')) == name;
}

uint64_t Run::scaled(uint64_t count) const {
  const auto whole = static_cast<double>(count);
  return static_cast<uint64_t>(std::clamp(std::floor(whole * extent_.scale), std::min(whole, kScaledMin), whole));
}

std::string Run::options(const std::string& more) const {
  const std::string given = variant_.options;
  return given.empty() || more.empty() ? given + more : given + "," + more;
}

Phase Run::phase(uint64_t operations, unsigned threads) const {
  // A sync takes so long that two readings of the clock are nothing beside it.
  const bool syncs = std::string_view(variant_.options).find("durability=sync") != std::string_view::npos;
  return {
      .operations = std::max<uint64_t>(operations, threads), .threads = threads, .sample_all = syncs, .seconds_max = extent_.seconds_max};
}

uint64_t Run::emit(Metrics metrics) const {
  // Of all threads together, as the seeds counted.
  metrics["wall_ns"] = metrics.at("seconds") * 1e9 / metrics.at("ops");
  const std::string line = result_line(row_.name, metrics);
  require(::write(result_fd_, line.data(), line.size()) == static_cast<ssize_t>(line.size()), "cannot report a result");
  return static_cast<uint64_t>(metrics.at("ops"));
}

}  // namespace bench
