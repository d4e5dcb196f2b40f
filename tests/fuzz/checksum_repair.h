// Makes the checksums of damaged files right, so that a fuzzer gets behind them. What they are computed from is not touched, however it contradicts itself.
// Threading: pure functions.
#pragma once

#include <string>

namespace firn {

// A segment of a log: both copies of the header, and every record that ends inside the file, up to the first that does not.
void repair_segment(std::string* file);
// A table: chunks, chunk directory, properties, footer, as far as the footer says where they are.
void repair_table(std::string* file);
// The state of a durable log.
void repair_log_state(std::string* file);
// As the file's name says which it is; others stay as they are.
void repair_file(const std::string& path, std::string* file);

}  // namespace firn
