// Columns: rows of words under a heading, as wide as they need to be; numbers to the right.
#pragma once

#include <string>
#include <vector>

#include "output.h"

namespace firn::cli {

class Columns {
 public:
  explicit Columns(std::vector<std::string> heading) { rows_.push_back(std::move(heading)); }
  void row(std::vector<std::string> words) { rows_.push_back(std::move(words)); }
  void print(Output& output) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace firn::cli
