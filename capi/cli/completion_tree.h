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
  std::vector<std::string> values;  // that it takes, when they are few and known
};

struct CompletionCommand {
  std::vector<std::string> path;  // "log", "append"; empty: firn itself
  std::string text;
  std::vector<CompletionOption> options;
  std::vector<CompletionCommand> commands;
};

CompletionCommand completion_tree_of(const CLI::App& app);

// One script a shell.
std::string bash_completion(const CompletionCommand& root);
std::string zsh_completion(const CompletionCommand& root);
std::string fish_completion(const CompletionCommand& root);

// The commands of the tree, each before those below it.
std::vector<const CompletionCommand*> flattened(const CompletionCommand& root);
std::string joined(const std::vector<std::string>& words, const char* separator);

}  // namespace firn::cli
