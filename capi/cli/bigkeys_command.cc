// bigkeys: which keys take the most room, and how the namespaces compare.
#include <algorithm>
#include <queue>

#include "commands.h"
#include "encoding.h"
#include "entry_scan.h"
#include "interrupt.h"
#include "json_writer.h"
#include "namespace_list.h"
#include "output.h"
#include "progress.h"

namespace firn::cli {
namespace {

struct BigKey {
  uint64_t bytes = 0;  // key and value
  std::string ns;
  std::string key;
  friend bool operator<(const BigKey& a, const BigKey& b) { return a.bytes > b.bytes; }  // the smallest of the heap is on top
};

struct NamespaceSize {
  std::string name;
  uint64_t entry_count = 0;
  uint64_t key_bytes = 0;
  uint64_t value_bytes = 0;
};

struct Sizes {
  std::vector<BigKey> largest;  // the largest first
  std::vector<NamespaceSize> namespaces;
};

Sizes measure(const Database& database, uint64_t count_max, bool has_progress) {
  const SharedSnapshot snapshot(database);
  Progress progress("reading", 0, has_progress);
  std::priority_queue<BigKey> heap;
  Sizes sizes;
  uint64_t total_count = 0;
  uint64_t total_bytes = 0;
  for (const NamespaceName& ns : list_all_namespaces(database)) {
    NamespaceSize size{ns.name};
    EntryScan scan(database, snapshot, ns.id);
    for (ScannedEntry entry; !is_interrupted() && scan.next(entry);) {
      const uint64_t bytes = entry.key.size() + entry.value.size();
      size.entry_count += 1;
      size.key_bytes += entry.key.size();
      size.value_bytes += entry.value.size();
      progress.update(++total_count, total_bytes += bytes);
      if (heap.size() == count_max && bytes <= heap.top().bytes) continue;
      if (heap.size() == count_max) heap.pop();
      heap.push({bytes, ns.name, std::string(entry.key)});
    }
    sizes.namespaces.push_back(std::move(size));
  }
  for (; !heap.empty(); heap.pop()) sizes.largest.push_back(heap.top());
  std::reverse(sizes.largest.begin(), sizes.largest.end());
  return sizes;
}

void print_json(Output& output, const Settings& settings, const Sizes& sizes) {
  std::string keys = "[";
  for (const BigKey& big : sizes.largest) {
    if (keys.size() > 1) keys += ',';
    JsonObject(keys).bytes("ns", big.ns, settings.hex).bytes("key", big.key, settings.hex).number("bytes", big.bytes).end();
  }
  std::string namespaces = "[";
  for (const NamespaceSize& size : sizes.namespaces) {
    if (namespaces.size() > 1) namespaces += ',';
    JsonObject(namespaces)
        .bytes("ns", size.name, settings.hex)
        .number("entries", size.entry_count)
        .number("key_bytes", size.key_bytes)
        .number("value_bytes", size.value_bytes)
        .end();
  }
  std::string line;
  JsonObject(line).raw("keys", keys + "]").raw("namespaces", namespaces + "]").end();
  output.line(line);
}

void append_name(std::string& line, const Settings& settings, std::string_view bytes) {
  (settings.hex ? append_hex : append_printable)(line, bytes);
}

void print_text(Output& output, const Settings& settings, const Sizes& sizes) {
  for (const BigKey& big : sizes.largest) {
    std::string line = readable_bytes(static_cast<double>(big.bytes)) + "\t";
    if (!big.ns.empty()) {
      append_name(line, settings, big.ns);
      line += '\t';
    }
    append_name(line, settings, big.key);
    output.line(line);
  }
  for (const NamespaceSize& size : sizes.namespaces) {
    std::string line = "namespace ";
    if (size.name.empty()) {
      line += "(default)";
    } else {
      append_name(line, settings, size.name);
    }
    line += ": " + grouped(size.entry_count) + " keys, " + readable_bytes(static_cast<double>(size.key_bytes)) + " of keys, " +
            readable_bytes(static_cast<double>(size.value_bytes)) + " of values";
    output.line(line);
  }
}

}  // namespace

void add_bigkeys_command(CLI::App& app, Invocation& invocation) {
  const auto count_max = std::make_shared<uint64_t>(10);
  const auto no_progress = std::make_shared<bool>(false);
  CLI::App* const sub =
      app.add_subcommand("bigkeys", "Print the keys that take the most room, and the size of every namespace; reads everything");
  add_database_options(*sub, invocation.settings);
  sub->add_option("--limit", *count_max, "So many keys")->type_name("N")->check(CLI::Range(uint64_t{1}, uint64_t{1} << 20));
  sub->add_flag("--no-progress", *no_progress, "No progress bar, also on a terminal");
  sub->callback([&invocation, count_max, no_progress] {
    invocation.run = [&invocation, count_max, no_progress] {
      Database database(invocation.settings, OpenMode::kExisting);
      catch_interrupts();
      const Sizes sizes = measure(database, *count_max, !*no_progress);
      database.close();
      Output output;
      invocation.settings.json ? print_json(output, invocation.settings, sizes) : print_text(output, invocation.settings, sizes);
      output.flush();
      return is_interrupted() ? kExitInterrupted : kExitOk;
    };
  });
}

}  // namespace firn::cli
