// The functions that firn.h declares, read from its text: so that a table of tests can be compared with all that there is.
#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace firn_test {

struct HeaderFunction {
  std::string name;                     // "firn_put"
  std::vector<std::string> parameters;  // "const uint8_t *key", "size_t key_len"
};

inline std::string trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \n\t");
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(" \n\t") - begin + 1);
}

inline std::vector<HeaderFunction> header_functions() {
  std::ifstream file(std::string(FIRN_SOURCE_DIR) + "/capi/include/firn.h");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  std::vector<HeaderFunction> functions;
  constexpr std::string_view kMark = "\nFIRN_API ";
  for (size_t at = text.find(kMark); at != std::string::npos; at = text.find(kMark, at + 1)) {
    const size_t open = text.find('(', at);
    const size_t close = text.find(')', open);
    const size_t name = text.find_last_of(" *", open) + 1;
    HeaderFunction function{text.substr(name, open - name), {}};
    std::string rest = text.substr(open + 1, close - open - 1);
    for (size_t comma = 0; comma != std::string::npos;) {
      comma = rest.find(',');
      function.parameters.push_back(trimmed(rest.substr(0, comma)));
      if (comma != std::string::npos) rest = rest.substr(comma + 1);
    }
    functions.push_back(std::move(function));
  }
  return functions;
}

}  // namespace firn_test
