// RecordSource: the records that `firn log append` reads from standard input.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "json_reader.h"
#include "line_reader.h"

namespace firn::cli {

enum class RecordFormat {
  kLines,      // each line is a record, as it is
  kHex,        // each line is a record's bytes in hexadecimal
  kJsonLines,  // {"data": ...}, or data_base64, or data_hex; index and time_ms, which `log read --json` prints, are skipped. Blank lines too
  kWhole,      // all of the input is one record
};

class RecordSource {
 public:
  explicit RecordSource(RecordFormat format) : format_(format) {}
  // The next record, valid until the next call; false at the end or when interrupted. Throws Failure with the number of the line.
  bool next(std::string_view& record);

 private:
  bool read_whole(std::string_view& record);
  std::string_view from_json(std::string_view line);

  const RecordFormat format_;
  LineReader reader_;
  std::vector<JsonMember> members_;
  std::string bytes_;
  bool is_done_ = false;
};

}  // namespace firn::cli
