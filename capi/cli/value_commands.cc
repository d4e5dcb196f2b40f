// incr, cas, ttl: one key, changed by what is there.
#include <optional>

#include "commands.h"
#include "database.h"
#include "duration.h"
#include "json_writer.h"
#include "output.h"

namespace firn::cli {
namespace {

struct ValueArguments {
  std::string key;
  std::string value;
  int64_t delta = 1;
  std::optional<std::string> old_value;
  std::optional<uint64_t> version;
  bool is_absent = false;
  std::string ttl;  // empty: none
  std::string set;
  bool clear = false;
};

void print_line(const Settings& settings, const std::string& json, const std::string& text) {
  Output output;
  output.line(settings.json ? json : text);
  output.flush();
}

int incr(const Settings& settings, const ValueArguments& arguments) {
  const std::string key = settings.bytes_of(arguments.key, "KEY");
  Database database(settings, OpenMode::kCreate);
  int64_t value = 0;
  database.check(firn_add_to(database.handle(), database.ns(), octets(key), key.size(), arguments.delta, &value));
  database.close();
  std::string json;
  JsonObject(json).bytes("key", key, settings.hex).integer("counter", value).end();
  print_line(settings, json, std::to_string(value));
  return kExitOk;
}

// true: written. The two conditions that are about versions.
bool put_if(const Database& database, const ValueArguments& arguments, const std::string& key, const std::string& value, int64_t ttl_ms) {
  firn_put_opts options = FIRN_PUT_OPTS_INIT;
  options.flags = FIRN_IF_VERSION;
  options.if_version = arguments.version.value_or(0);
  options.ttl_ms = ttl_ms;
  const int64_t version = firn_put_ex(database.handle(), database.ns(), octets(key), key.size(), octets(value), value.size(), &options);
  if (version == FIRN_CONFLICT) return false;
  database.check(version);
  return true;
}

int cas(const Settings& settings, const ValueArguments& arguments) {
  if (int{arguments.old_value.has_value()} + int{arguments.version.has_value()} + int{arguments.is_absent} != 1) {
    throw usage_failure("cas takes one of --old, --version and --absent");
  }
  const std::string key = settings.bytes_of(arguments.key, "KEY");
  const std::string value = settings.bytes_of(arguments.value, "VALUE");
  const std::string old_value = settings.bytes_of(arguments.old_value.value_or(""), "--old");
  const int64_t ttl_ms = arguments.ttl.empty() ? 0 : duration_ms_of(arguments.ttl);
  Database database(settings, arguments.is_absent ? OpenMode::kCreate : OpenMode::kExisting);
  bool is_swapped = false;
  if (arguments.old_value) {
    const int32_t code = firn_compare_swap(database.handle(), database.ns(), octets(key), key.size(), octets(old_value), old_value.size(),
                                           octets(value), value.size(), ttl_ms);
    database.check(code);
    is_swapped = code == 1;
  } else {
    is_swapped = put_if(database, arguments, key, value, ttl_ms);
  }
  database.close();
  if (!is_swapped) throw Failure{FIRN_CONFLICT, "'" + arguments.key + "' is not what was expected; nothing has changed", {}};
  std::string json;
  JsonObject(json).bytes("key", key, settings.hex).boolean("swapped", true).end();
  print_line(settings, json, "swapped");
  return kExitOk;
}

// What is left; -1: it never expires.
int64_t ttl_ms_of(const Database& database, const std::string& key) {
  const int64_t left = firn_ttl(database.handle(), database.ns(), octets(key), key.size());
  if (left == FIRN_NO_EXPIRY) return -1;
  if (left == FIRN_NOT_FOUND) throw Failure{FIRN_NOT_FOUND, "there is no key '" + key + "'", {}};
  database.check(left);
  return left;
}

int ttl(const Settings& settings, const ValueArguments& arguments) {
  if (!arguments.set.empty() && arguments.clear) throw usage_failure("ttl takes one of --set and --clear");
  const std::string key = settings.bytes_of(arguments.key, "KEY");
  const int64_t wanted_ms = arguments.set.empty() ? 0 : duration_ms_of(arguments.set);
  Database database(settings, OpenMode::kExisting);
  if (wanted_ms > 0) database.check(firn_expire(database.handle(), database.ns(), octets(key), key.size(), wanted_ms));
  if (arguments.clear) database.check(firn_persist(database.handle(), database.ns(), octets(key), key.size()));
  const int64_t left_ms = ttl_ms_of(database, key);
  database.close();
  std::string json;
  JsonObject object(json);
  object.bytes("key", key, settings.hex).boolean("expires", left_ms >= 0);
  if (left_ms >= 0) object.integer("ttl_ms", left_ms);
  object.end();
  print_line(settings, json, left_ms < 0 ? "never expires" : "expires in " + readable_duration(left_ms));
  return kExitOk;
}

}  // namespace

void add_value_commands(CLI::App& app, Invocation& invocation) {
  const auto arguments = std::make_shared<ValueArguments>();
  const auto add = [&](const char* name, const char* text, int (*command)(const Settings&, const ValueArguments&)) {
    CLI::App* const sub = app.add_subcommand(name, text);
    add_database_options(*sub, invocation.settings);
    add_namespace_option(*sub, invocation.settings);
    sub->add_option("KEY", arguments->key, "The key")->required();
    sub->callback([&invocation, arguments, command] {
      invocation.run = [&invocation, arguments, command] { return command(invocation.settings, *arguments); };
    });
    return sub;
  };
  add("incr", "Add to a counter (8 bytes, little-endian; missing counts as 0) and print its new value", incr)
      ->add_option("DELTA", arguments->delta, "What to add, 1 by default; a negative one stands behind --");
  CLI::App* const swapping = add("cas", "Set a value if the present one is what is expected; 3 when it is not", cas);
  swapping->add_option("VALUE", arguments->value, "The new value")->required();
  swapping->add_option("--old", arguments->old_value, "The value that has to be there")->type_name("VALUE");
  swapping->add_option("--version", arguments->version, "The version that has to be there, as explain-key shows it")->type_name("N");
  swapping->add_flag("--absent", arguments->is_absent, "The key must not be there");
  swapping->add_option("--ttl", arguments->ttl, "How long the new value lives (10s, 5m, 2h, 7d); without it, for ever")->type_name("TIME");
  CLI::App* const living = add("ttl", "Print how long a key has to live; set or clear it", ttl);
  living->add_option("--set", arguments->set, "It expires so long from now (10s, 5m, 2h, 7d)")->type_name("TIME");
  living->add_flag("--clear", arguments->clear, "It never expires");
}

}  // namespace firn::cli
