#include "columns.h"

#include <algorithm>

namespace firn::cli {
namespace {

bool is_number(const std::string& word) { return !word.empty() && word[0] >= '0' && word[0] <= '9'; }

}  // namespace

void Columns::print(Output& output) const {
  std::vector<size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - row[i].size(), ' ');
      // The heading stands over what it names.
      const bool to_the_right = is_number(&row == &rows_[0] && rows_.size() > 1 && i < rows_[1].size() ? rows_[1][i] : row[i]);
      if (i > 0) line += "  ";
      line += to_the_right ? padding + row[i] : row[i] + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    output.line(line);
  }
}

}  // namespace firn::cli
