// scan, count: the keys of a namespace in order, within bounds.
#include "commands.h"
#include "database.h"
#include "encoding.h"
#include "json_writer.h"
#include "output.h"

namespace firn::cli {
namespace {

struct ScanArguments {
  std::string prefix;
  std::string lower;
  std::string upper;
  bool has_upper = false;
  uint64_t limit = 0;
  bool has_limit = false;
  bool reverse = false;
  bool keys_only = false;
};

// The arguments as firn_scan takes them; owns the bytes that options points to.
class Bounds {
 public:
  Bounds(const Settings& settings, const ScanArguments& arguments)
      : prefix_(settings.bytes_of(arguments.prefix, "--prefix")),
        lower_(settings.bytes_of(arguments.lower, "--lower")),
        upper_(settings.bytes_of(arguments.upper, "--upper")) {
    if (arguments.has_upper && upper_.empty()) throw usage_failure("--upper '' lies before every key");
    if (arguments.has_limit && arguments.limit == 0) throw usage_failure("--limit takes a number from 1 up");
    options_.flags = (arguments.reverse ? FIRN_SCAN_REVERSE : 0u) | (arguments.keys_only ? FIRN_SCAN_KEYS_ONLY : 0u);
    options_.limit = arguments.limit;
    set(options_.prefix, options_.prefix_len, prefix_);
    set(options_.lower, options_.lower_len, lower_);
    set(options_.upper, options_.upper_len, upper_);
  }
  Bounds(const Bounds&) = delete;
  Bounds& operator=(const Bounds&) = delete;

  firn_scan_opts options_in(uint32_t ns) const {
    firn_scan_opts options = options_;
    options.ns = ns;
    return options;
  }

 private:
  static void set(const uint8_t*& to, size_t& to_len, const std::string& bytes) {
    if (bytes.empty()) return;
    to = octets(bytes);
    to_len = bytes.size();
  }

  std::string prefix_;
  std::string lower_;
  std::string upper_;
  firn_scan_opts options_ = FIRN_SCAN_OPTS_INIT;
};

// Replaces line by the entry as text, with its newline.
void format_entry(std::string& line, const firn_kv& entry, const Settings& settings, bool keys_only) {
  const std::string_view key = view_of(entry.key, entry.key_len);
  const std::string_view value = view_of(entry.val, entry.val_len);
  line.clear();
  if (settings.json) {
    JsonObject object(line);
    object.bytes("key", key, settings.hex);
    if (!keys_only) object.bytes("value", value, settings.hex);
    object.end();
  } else {
    const auto append = settings.hex ? append_hex : append_tsv;
    append(line, key);
    if (!keys_only) {
      line += '\t';
      append(line, value);
    }
  }
  line += '\n';
}

int scan(const Settings& settings, const ScanArguments& arguments) {
  const Bounds bounds(settings, arguments);
  Database database(settings, OpenMode::kExisting);
  {
    Scan scan(database, bounds.options_in(database.ns()));
    Output output;
    std::string line;
    const firn_kv* entries = nullptr;
    while (const size_t count = scan.next(entries)) {
      for (size_t i = 0; i < count; ++i) {
        format_entry(line, entries[i], settings, arguments.keys_only);
        output.write(line);
      }
    }
    output.flush();
  }
  database.close();
  return kExitOk;
}

int count(const Settings& settings, const ScanArguments& arguments) {
  const Bounds bounds(settings, arguments);
  Database database(settings, OpenMode::kExisting);
  uint64_t total = 0;
  {
    firn_scan_opts options = bounds.options_in(database.ns());
    options.flags |= FIRN_SCAN_KEYS_ONLY;
    Scan scan(database, options);
    const firn_kv* entries = nullptr;
    while (const size_t found = scan.next(entries)) total += found;
  }
  database.close();
  Output output;
  std::string line;
  if (settings.json) {
    JsonObject(line).number("count", total).end();
  } else {
    line = std::to_string(total);
  }
  output.line(line);
  output.flush();
  return kExitOk;
}

using ScanCommand = int (*)(const Settings&, const ScanArguments&);

CLI::App* add_scan_command(CLI::App& app, Invocation& invocation, const std::shared_ptr<ScanArguments>& arguments, const char* name,
                           const char* text, ScanCommand command) {
  CLI::App* const sub = app.add_subcommand(name, text);
  add_database_options(*sub, invocation.settings);
  add_namespace_option(*sub, invocation.settings);
  sub->add_option("--prefix", arguments->prefix, "Keys that begin with these bytes")->type_name("BYTES");
  sub->add_option("--lower", arguments->lower, "The first key, inclusive")->type_name("BYTES");
  CLI::Option* const upper = sub->add_option("--upper", arguments->upper, "The last key, exclusive")->type_name("BYTES");
  CLI::Option* const limit = sub->add_option("--limit", arguments->limit, "At most so many entries")->type_name("N");
  sub->callback([&invocation, arguments, command, upper, limit] {
    arguments->has_upper = upper->count() > 0;
    arguments->has_limit = limit->count() > 0;
    invocation.run = [&invocation, arguments, command] { return command(invocation.settings, *arguments); };
  });
  return sub;
}

}  // namespace

void add_scan_commands(CLI::App& app, Invocation& invocation) {
  const auto arguments = std::make_shared<ScanArguments>();
  CLI::App* const sub = add_scan_command(app, invocation, arguments, "scan", "Print entries in key order: key TAB value, escaped", scan);
  sub->add_flag("--reverse", arguments->reverse, "From the last key to the first");
  sub->add_flag("--keys-only", arguments->keys_only, "Keys without values");
  add_scan_command(app, invocation, arguments, "count", "Count keys", count);
}

}  // namespace firn::cli
