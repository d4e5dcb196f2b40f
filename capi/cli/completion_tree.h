// CompletionTree: the commands and their options, taken out of the parser itself, so that completion never says what the parser does not know.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace firn::cli {

struct CompletionOption {
  std::vector<std::string> names;  // "--json", "-o"
  std::string text;
  bool takes_value = false;
  bool is_required = false;
  std::string type_name;            // "N", "NAME=VALUE"
  std::vector<std::string> values;  // that it takes, when they are few and known
};

struct CompletionCommand {
  std::vector<std::string> path;  // "log", "append"; empty: firn itself
  std::string text;
  std::vector<CompletionOption> options;
  std::vector<CompletionOption> positionals;  // their one name is what the help calls them
  std::vector<CompletionCommand> commands;
};

CompletionCommand completion_tree_of(const CLI::App& app);

// One script a shell.
std::string bash_completion(const CompletionCommand& root);
std::string zsh_completion(const CompletionCommand& root);
std::string fish_completion(const CompletionCommand& root);
// firn(1), in the language of man(7); `footer` is what the help ends with.
std::string manual_page(const CompletionCommand& root, const std::string& footer);

// The commands of the tree, each before those below it.
std::vector<const CompletionCommand*> flattened(const CompletionCommand& root);
std::string joined(const std::vector<std::string>& words, const char* separator);

}  // namespace firn::cli
