// get, put, del: one key.
#include <unistd.h>

#include <cerrno>

#include "commands.h"
#include "database.h"
#include "duration.h"
#include "encoding.h"
#include "json_writer.h"
#include "output.h"
#include "terminal.h"

namespace firn::cli {
namespace {

struct KeyArguments {
  std::string key;
  std::string value;
  bool has_value = false;
  std::string ttl;  // empty: for ever
};

void print_value(const Settings& settings, std::string_view key, std::string_view value) {
  Output output;
  std::string line;
  if (settings.json) {
    JsonObject(line).bytes("key", key, settings.hex).bytes("value", value, settings.hex).end();
    output.line(line);
  } else if (settings.hex) {
    append_hex(line, value);
    output.line(line);
  } else {
    output.write(value);
    if (is_terminal(STDOUT_FILENO)) output.write("\n");
  }
  output.flush();
}

int get(const Settings& settings, const KeyArguments& arguments) {
  const std::string key = settings.bytes_of(arguments.key, "KEY");
  Database database(settings, OpenMode::kExisting);
  {
    const Pin pin(database, key);
    if (!pin.found()) throw Failure{FIRN_NOT_FOUND, "there is no key '" + arguments.key + "'", {}};
    print_value(settings, key, pin.value());
  }
  database.close();
  return kExitOk;
}

std::string read_standard_input() {
  std::string bytes;
  char chunk[size_t{64} << 10];
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, chunk, sizeof chunk);
    if (got == 0) return bytes;
    if (got > 0) {
      bytes.append(chunk, static_cast<size_t>(got));
    } else if (errno != EINTR) {
      throw system_failure("cannot read", "(standard input)", errno);
    }
    if (bytes.size() > size_t{1} << 30) throw Failure{FIRN_TOO_LARGE, "the value on standard input is over 1 GiB", {}};
  }
}

// Standard input is taken as it is, also with --hex: the option is about what people type and read.
int put(const Settings& settings, const KeyArguments& arguments) {
  const std::string key = settings.bytes_of(arguments.key, "KEY");
  const std::string value = arguments.has_value ? settings.bytes_of(arguments.value, "VALUE") : read_standard_input();
  firn_put_opts options = FIRN_PUT_OPTS_INIT;
  if (!arguments.ttl.empty()) options.ttl_ms = duration_ms_of(arguments.ttl);
  Database database(settings, OpenMode::kCreate);
  database.check(firn_put_ex(database.handle(), database.ns(), octets(key), key.size(), octets(value), value.size(), &options));
  database.close();
  if (settings.json) {
    Output output;
    std::string line;
    JsonObject(line).bytes("key", key, settings.hex).number("value_bytes", value.size()).end();
    output.line(line);
    output.flush();
  }
  return kExitOk;
}

int del(const Settings& settings, const KeyArguments& arguments) {
  const std::string key = settings.bytes_of(arguments.key, "KEY");
  Database database(settings, OpenMode::kExisting);
  const int32_t existed = firn_exists(database.handle(), database.ns(), octets(key), key.size());
  database.check(existed);
  database.check(firn_delete(database.handle(), database.ns(), octets(key), key.size()));
  database.close();
  if (settings.json) {
    Output output;
    std::string line;
    JsonObject(line).bytes("key", key, settings.hex).boolean("existed", existed == 1).end();
    output.line(line);
    output.flush();
  }
  return kExitOk;
}

using KeyCommand = int (*)(const Settings&, const KeyArguments&);

CLI::App* add_key_command(CLI::App& app, Invocation& invocation, const std::shared_ptr<KeyArguments>& arguments, const char* name,
                          const char* text, KeyCommand command) {
  CLI::App* const sub = app.add_subcommand(name, text);
  add_database_options(*sub, invocation.settings);
  add_namespace_option(*sub, invocation.settings);
  sub->add_option("KEY", arguments->key, "The key")->required();
  sub->callback([&invocation, arguments, command] {
    invocation.run = [&invocation, arguments, command] { return command(invocation.settings, *arguments); };
  });
  return sub;
}

}  // namespace

void add_key_commands(CLI::App& app, Invocation& invocation) {
  const auto arguments = std::make_shared<KeyArguments>();
  add_key_command(app, invocation, arguments, "get", "Print the value of a key, exactly (on a terminal with a newline behind it)", get);
  CLI::App* const put_command = add_key_command(app, invocation, arguments, "put", "Set the value of a key", put);
  put_command->add_option_function<std::string>(
      "VALUE",
      [arguments](const std::string& value) {
        arguments->value = value;
        arguments->has_value = true;
      },
      "The value; without it, all of standard input, as it is");
  put_command->add_option("--ttl", arguments->ttl, "How long it lives (10s, 5m, 2h, 7d); without it, for ever")->type_name("TIME");
  add_key_command(app, invocation, arguments, "del", "Delete a key; 0 also when it was not there", del);
}

}  // namespace firn::cli
