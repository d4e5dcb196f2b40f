// The worked example of a FORMAT.md: the rows of the block of hex digits behind its heading, as bytes. A row is an offset of four digits and bytes of two
// digits each; rows may skip what is zero.
#pragma once

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

namespace firn {

// `layer`: the folder of core/. `heading`: a line that begins with it comes before the block.
inline std::string worked_example(const std::string& layer, const std::string& heading) {
  std::ifstream page(std::string(FIRN_SOURCE_DIR) + "/core/" + layer + "/FORMAT.md");
  std::string line;
  std::string bytes;
  while (std::getline(page, line) && !line.starts_with(heading)) continue;
  while (std::getline(page, line) && line != "```hex") continue;
  while (std::getline(page, line) && line != "```") {
    std::istringstream row(line);
    std::string word;
    row >> word;
    bytes.resize(std::stoul(word, nullptr, 16), '\0');
    while (row >> word) bytes.push_back(static_cast<char>(std::stoul(word, nullptr, 16)));
  }
  return bytes;
}

inline std::string hex_rows(const std::string& bytes) {
  std::ostringstream rows;
  for (size_t at = 0; at < bytes.size(); at += 16) {
    const std::string row = bytes.substr(at, 16);
    if (row.find_first_not_of('\0') == std::string::npos) continue;
    char text[20];
    std::snprintf(text, sizeof text, "%04zx", at);
    rows << text << " ";
    for (const char c : row) {
      std::snprintf(text, sizeof text, " %02x", static_cast<unsigned char>(c));
      rows << text;
    }
    rows << "\n";
  }
  return rows.str();
}

}  // namespace firn
