#include "compare/results.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace bench {

std::string result_line(std::string_view workload, const Metrics& metrics) {
  std::string line(workload);
  char text[64];
  for (const auto& [name, value] : metrics) {
    std::snprintf(text, sizeof text, "%.9g", value);
    line += "\t" + name + "=" + text;
  }
  return line + "\n";
}

bool Results::add(const std::string& engine, const std::string& line, std::string& workload, Metrics& metrics) {
  std::istringstream in(line);
  if (!std::getline(in, workload, '\t') || workload.empty()) return false;
  metrics.clear();
  for (std::string word; std::getline(in, word, '\t');) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos) return false;
    metrics[word.substr(0, equals)] = std::strtod(word.c_str() + equals + 1, nullptr);
  }
  runs_[{engine, workload}].push_back(metrics);
  return !metrics.empty();
}

std::vector<double> Results::sorted(const std::string& engine, const std::string& workload, const std::string& metric) const {
  const auto place = runs_.find({engine, workload});
  std::vector<double> values;
  if (place == runs_.end()) return values;
  for (const auto& metrics : place->second)
    if (const auto found = metrics.find(metric); found != metrics.end()) values.push_back(found->second);
  std::sort(values.begin(), values.end());
  return values;
}

double Results::median(const std::string& engine, const std::string& workload, const std::string& metric) const {
  const auto values = sorted(engine, workload, metric);
  if (values.empty()) return -1;
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double Results::largest(const std::string& engine, const std::string& workload, const std::string& metric) const {
  const auto values = sorted(engine, workload, metric);
  return values.empty() ? -1 : values.back();
}

double Results::weighted_mean(const std::string& metric) const {
  double sum = 0, seconds = 0;
  for (const auto& [row, runs] : runs_) {
    for (const auto& metrics : runs) {
      const auto value = metrics.find(metric), weight = metrics.find("seconds");
      if (value == metrics.end() || weight == metrics.end()) continue;
      sum += value->second * weight->second;
      seconds += weight->second;
    }
  }
  return seconds > 0 ? sum / seconds : 0;
}

std::string figure(double value) {
  if (value < 0) return "-";
  char text[32];
  const char* format = value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : value >= 0.01 ? "%.2f" : "%.4f";
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string ratio(double value) { return value < 0 ? "-" : figure(value) + "x"; }

}  // namespace bench
