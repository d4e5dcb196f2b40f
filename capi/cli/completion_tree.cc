#include "completion_tree.h"

#include "firn.h"

namespace firn::cli {
namespace {

// "TEXT:{tsv,raw}" -> tsv, raw: how CLI11 describes a set of words.
std::vector<std::string> words_of_set(const std::string& type_name) {
  const size_t open = type_name.find('{');
  const size_t close = type_name.find('}', open == std::string::npos ? 0 : open);
  std::vector<std::string> words;
  if (open == std::string::npos || close == std::string::npos) return words;
  for (size_t at = open + 1; at < close;) {
    const size_t end = std::min(type_name.find(',', at), close);
    words.push_back(type_name.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

std::vector<std::string> names_of_engine_options() {
  std::vector<std::string> names;
  firn_option_info info = FIRN_OPTION_INFO_INIT;
  for (uint32_t i = 0; i < firn_option_count(); ++i) {
    if (firn_option_info_at(i, &info) == FIRN_OK) names.push_back(std::string(info.name) + "=");
  }
  return names;
}

CompletionOption option_of(const CLI::Option& option) {
  CompletionOption result;
  for (const std::string& name : option.get_snames()) result.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) result.names.push_back("--" + name);
  result.text = option.get_description();
  result.is_required = option.get_required();
  result.type_name = option.get_type_name();
  result.takes_value = option.get_items_expected_max() > 0;
  result.values = option.check_lname("option") ? names_of_engine_options() : words_of_set(option.get_type_name());
  return result;
}

CompletionCommand command_of(const CLI::App& app, const std::vector<std::string>& path) {
  CompletionCommand command{path, app.get_description(), {}, {}, {}};
  for (const CLI::Option* const option : app.get_options()) {
    CompletionOption described = option_of(*option);
    if (option->nonpositional()) {
      command.options.push_back(std::move(described));
    } else {
      described.names.push_back(option->get_name());
      command.positionals.push_back(std::move(described));
    }
  }
  for (const CLI::App* const sub : app.get_subcommands({})) {
    if (sub->get_group().empty()) continue;  // not for people
    std::vector<std::string> below = path;
    below.push_back(sub->get_name());
    command.commands.push_back(command_of(*sub, below));
  }
  return command;
}

void append_flattened(std::vector<const CompletionCommand*>& to, const CompletionCommand& command) {
  to.push_back(&command);
  for (const CompletionCommand& sub : command.commands) append_flattened(to, sub);
}

}  // namespace

CompletionCommand completion_tree_of(const CLI::App& app) { return command_of(app, {}); }

std::vector<const CompletionCommand*> flattened(const CompletionCommand& root) {
  std::vector<const CompletionCommand*> commands;
  append_flattened(commands, root);
  return commands;
}

std::string joined(const std::vector<std::string>& words, const char* separator) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

}  // namespace firn::cli
