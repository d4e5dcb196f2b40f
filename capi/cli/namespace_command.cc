// ns list, open, clear, drop.
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "commands.h"
#include "database.h"
#include "encoding.h"
#include "json_writer.h"
#include "output.h"
#include "terminal.h"

namespace firn::cli {
namespace {

struct NamespaceArguments {
  std::string name;
};

// Whoever destroys says so twice: with --yes, or on the terminal.
void confirm(const Settings& settings, const std::string& question) {
  if (settings.yes) return;
  if (!is_terminal(STDIN_FILENO)) throw usage_failure(question + " Say so with --yes");
  std::string prompt;
  append_printable(prompt, question);
  std::fprintf(stderr, "%s [y/N] ", prompt.c_str());
  char answer[16] = "";
  if (std::fgets(answer, sizeof answer, stdin) == nullptr || (std::strcmp(answer, "y\n") != 0 && std::strcmp(answer, "yes\n") != 0)) {
    throw usage_failure("not confirmed; nothing has changed");
  }
}

void print_namespace(Output& output, const Settings& settings, uint32_t id, std::string_view name) {
  std::string line;
  if (settings.json) {
    JsonObject(line).number("id", id).bytes("name", name, settings.hex).end();
  } else {
    line = std::to_string(id) + '\t';
    if (settings.hex) {
      append_hex(line, name);
    } else {
      append_tsv(line, name);
    }
  }
  output.line(line);
}

// The packed answer of firn_ns_list. Another process cannot change it between the calls: the database is locked.
std::string packed_list(const Database& database) {
  std::string packed;
  int64_t bytes = firn_ns_list(database.handle(), nullptr, 0);
  database.check(bytes);
  packed.resize(static_cast<size_t>(bytes));
  bytes = firn_ns_list(database.handle(), reinterpret_cast<uint8_t*>(packed.data()), packed.size());
  database.check(bytes);
  return packed;
}

int list(const Settings& settings, const NamespaceArguments&) {
  Database database(settings, OpenMode::kExisting);
  const std::string packed = packed_list(database);
  database.close();
  Output output;
  std::string_view rest = packed;
  uint32_t head[2];  // id, name_len
  while (rest.size() >= sizeof head) {
    std::memcpy(head, rest.data(), sizeof head);
    rest.remove_prefix(sizeof head);
    const std::string_view name = rest.substr(0, head[1]);
    print_namespace(output, settings, head[0], name);
    rest.remove_prefix(name.size());
  }
  output.flush();
  return kExitOk;
}

int open(const Settings& settings, const NamespaceArguments& arguments) {
  const std::string name = settings.bytes_of(arguments.name, "NAME");
  Database database(settings, OpenMode::kCreate);
  const int64_t id = firn_ns_open(database.handle(), octets(name), name.size(), 0);
  database.check(id);
  database.close();
  Output output;
  print_namespace(output, settings, static_cast<uint32_t>(id), name);
  output.flush();
  return kExitOk;
}

int remove(const Settings& settings, const NamespaceArguments& arguments, const char* verb, int32_t (*call)(firn_db*, uint32_t)) {
  const std::string name = settings.bytes_of(arguments.name, "NAME");
  Database database(settings, OpenMode::kExisting);
  const uint32_t id = name.empty() ? 0 : database.find_ns(name);
  const std::string subject = name.empty() ? "the default namespace" : "the namespace '" + name + "'";
  confirm(settings, std::string(verb) + " " + subject + " of " + settings.path + ", with all its keys?");
  database.check(call(database.handle(), id));
  database.close();
  if (settings.json) {
    Output output;
    print_namespace(output, settings, id, name);
    output.flush();
  }
  return kExitOk;
}

int clear(const Settings& settings, const NamespaceArguments& arguments) { return remove(settings, arguments, "Clear", firn_ns_clear); }

int drop(const Settings& settings, const NamespaceArguments& arguments) {
  if (arguments.name.empty()) throw usage_failure("the default namespace can be cleared, not dropped");
  return remove(settings, arguments, "Drop", firn_ns_drop);
}

}  // namespace

void add_namespace_commands(CLI::App& app, Invocation& invocation) {
  const auto arguments = std::make_shared<NamespaceArguments>();
  CLI::App* const ns = app.add_subcommand("ns", "Namespaces: list, open, clear, drop");
  ns->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, int (*command)(const Settings&, const NamespaceArguments&)) {
    CLI::App* const sub = ns->add_subcommand(name, text);
    add_database_options(*sub, invocation.settings);
    sub->callback([&invocation, arguments, command] {
      invocation.run = [&invocation, arguments, command] { return command(invocation.settings, *arguments); };
    });
    return sub;
  };
  add("list", "Print id and name of every named namespace", list);
  add("open", "Create a namespace if it is missing, and print its id", open)
      ->add_option("NAME", arguments->name, "The namespace")
      ->required();
  CLI::App* const clearing = add("clear", "Remove all keys of a namespace", clear);
  clearing->add_option("NAME", arguments->name, "The namespace; without it, the default one");
  CLI::App* const dropping = add("drop", "Remove a namespace with all its keys", drop);
  dropping->add_option("NAME", arguments->name, "The namespace")->required();
  for (CLI::App* const sub : {clearing, dropping}) sub->add_flag("--yes", invocation.settings.yes, "Do not ask");
}

}  // namespace firn::cli
