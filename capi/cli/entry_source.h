// EntrySource: where `load` and `compare` take their entries from: lines of standard input in one of several formats, or files.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace firn::cli {

struct Entry {
  std::string_view key;
  std::string_view value;
};

class EntrySource {
 public:
  virtual ~EntrySource() = default;
  // The next entry, valid until the next call; false at the end, or when the process was interrupted. Throws Failure at bad input, with
  // the line's number.
  virtual bool next(Entry& entry) = 0;
  virtual uint64_t input_bytes() const = 0;        // taken so far
  virtual uint64_t input_bytes_total() const = 0;  // 0: unknown
  virtual uint64_t skipped_count() const { return 0; }
};

struct SourceOptions {
  std::string format = "tsv";
  std::vector<std::string> directories;  // not empty: files, and the format does not matter
  bool hex = false;
};

void add_source_options(CLI::App& command, SourceOptions& options);
std::unique_ptr<EntrySource> open_source(const SourceOptions& options);

// One maker a format.
std::unique_ptr<EntrySource> open_raw_source(bool hex);
std::unique_ptr<EntrySource> open_tsv_source(bool hex);
std::unique_ptr<EntrySource> open_json_lines_source();
std::unique_ptr<EntrySource> open_package_source();
std::unique_ptr<EntrySource> open_file_source(const std::vector<std::string>& directories);

}  // namespace firn::cli
