// ns list, open, clear, drop.
#include "commands.h"
#include "confirmation.h"
#include "database.h"
#include "encoding.h"
#include "json_writer.h"
#include "namespace_list.h"
#include "output.h"

namespace firn::cli {
namespace {

struct NamespaceArguments {
  std::string name;
};

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

int list(const Settings& settings, const NamespaceArguments&) {
  Database database(settings, OpenMode::kExisting);
  const std::vector<NamespaceName> names = list_namespaces(database);
  database.close();
  Output output;
  for (const NamespaceName& ns : names) print_namespace(output, settings, ns.id, ns.name);
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
  if (!confirm(settings, std::string(verb) + " " + subject + " of " + settings.path + ", with all its keys?")) {
    database.close();
    return kExitOk;
  }
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
  for (CLI::App* const sub : {clearing, dropping}) add_confirmation_options(*sub, invocation.settings);
}

}  // namespace firn::cli
