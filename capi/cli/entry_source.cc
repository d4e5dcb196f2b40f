#include "entry_source.h"

#include "failure.h"

namespace firn::cli {

void add_source_options(CLI::App& command, SourceOptions& options) {
  CLI::Option* const format =
      command.add_option("--format", options.format,
                         "Of standard input. tsv: key TAB value, with \\t \\n \\r \\\\ \\xHH escaped, as `scan` prints it; "
                         "raw: the same, and a backslash is a backslash; jsonl: {\"key\":\"...\",\"value\":\"...\"}, as "
                         "`scan --json` prints it (bytes: key_base64, key_hex); dump822: paragraphs of `apt-cache dumpavail`, "
                         "key = Package, of later versions Package=Version");
  format->check(CLI::IsMember({"tsv", "raw", "jsonl", "dump822"}))->capture_default_str();
  command
      .add_option("--files", options.directories,
                  "Every regular file under these directories, not standard input: key = path, value = content")
      ->type_name("DIR")
      ->expected(1, -1)
      ->excludes(format);
}

std::unique_ptr<EntrySource> open_source(const SourceOptions& options) {
  if (!options.directories.empty()) return open_file_source(options.directories);
  const bool is_text = options.format == "tsv" || options.format == "raw";
  if (options.hex && !is_text) throw usage_failure("--hex is for --format tsv or raw; JSON lines say key_hex and value_hex by themselves");
  if (options.format == "raw") return open_raw_source(options.hex);
  if (options.format == "tsv") return open_tsv_source(options.hex);
  if (options.format == "jsonl") return open_json_lines_source();
  return open_package_source();
}

}  // namespace firn::cli
