#include "crashfs/subject.h"

namespace firn {

std::string ModelState::text() const {
  const auto head = [](const std::string& value) {
    return value.substr(0, 8) + (value.size() > 8 ? "..." + std::to_string(value.size()) : "");
  };
  std::string text;
  for (const auto& [space, entries] : spaces) {
    text += "[" + space + "]";
    for (const auto& [key, value] : entries)
      text += " " + key + "=" + (key[0] == 'c' ? std::to_string(value.empty() ? 0 : value[0]) : head(value));
    text += "\n";
  }
  if (next != 0 || !records.empty()) text += "log " + std::to_string(first) + ".." + std::to_string(next);
  for (const auto& [index, record] : records) text += " " + std::to_string(index) + "=" + head(record);
  return text;
}

bool Script::is_allowed(const ModelState& found, const std::vector<ModelState>& states, size_t floor, size_t, size_t ceiling) const {
  for (size_t i = floor; i <= ceiling; i++) {
    if (found == states[i]) return true;
  }
  return false;
}

}  // namespace firn
