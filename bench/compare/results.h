// The results of all children, as the parent keeps them, and their medians.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "compare/measure.h"

namespace bench {

// A result as a child writes it to its parent, with a newline.
std::string result_line(std::string_view workload, const Metrics& metrics);

// A figure, and a ratio, as tables show them; a negative one is none.
std::string figure(double value);
std::string ratio(double value);

class Results {
 public:
  // `line` is a result_line, without the newline. False when it is not one.
  bool add(const std::string& engine, const std::string& line, std::string& workload, Metrics& metrics);
  // The median over the repetitions of one metric of one row; a negative number when there is none.
  double median(const std::string& engine, const std::string& workload, const std::string& metric) const;
  double largest(const std::string& engine, const std::string& workload, const std::string& metric) const;
  // The mean of one metric over everything, weighted by the rows' seconds.
  double weighted_mean(const std::string& metric) const;

 private:
  std::vector<double> sorted(const std::string& engine, const std::string& workload, const std::string& metric) const;
  std::map<std::pair<std::string, std::string>, std::vector<Metrics>> runs_;  // by engine and workload
};

}  // namespace bench
