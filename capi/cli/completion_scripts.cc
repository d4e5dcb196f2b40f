// The scripts: what is typed so far is walked along the tree of commands, in the language of each shell.
#include "completion_tree.h"

namespace firn::cli {
namespace {

// For a string between single quotes of any of the three shells.
std::string quoted(const std::string& text, const char* quote_inside) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') {
      result += quote_inside;
    } else {
      result += c;
    }
  }
  return result + "'";
}

std::string posix_quoted(const std::string& text) { return quoted(text, "'\\''"); }

std::vector<std::string> words_of(const CompletionCommand& command) {
  std::vector<std::string> words;
  for (const CompletionCommand& sub : command.commands) words.push_back(sub.path.back());
  for (const CompletionOption& option : command.options) words.insert(words.end(), option.names.begin(), option.names.end());
  return words;
}

// zsh takes "name:text"; a colon in the name is none of ours, one in the text does no harm.
std::string zsh_description(const std::string& name, const std::string& text) { return posix_quoted(name + ":" + text); }

// The walk that bash and zsh share. $place is the command so far; it is not called path, which zsh ties to $PATH.
std::string walk_cases(const CompletionCommand& root) {
  std::string cases;
  for (const CompletionCommand* const command : flattened(root)) {
    for (const CompletionCommand& sub : command->commands) {
      cases += "      '" + joined(command->path, " ") + "|" + sub.path.back() + "') place='" + joined(sub.path, " ") + "' ;;\n";
    }
  }
  return cases;
}

std::string value_cases(const CompletionCommand& root, const char* assign) {
  std::string cases;
  for (const CompletionCommand* const command : flattened(root)) {
    for (const CompletionOption& option : command->options) {
      if (!option.takes_value) continue;
      for (const std::string& name : option.names) {
        cases += "    '" + joined(command->path, " ") + "|" + name + "') " + assign + "=" +
                 (option.values.empty() ? "('')" : "(" + joined(option.values, " ") + ")") + " ;;\n";
      }
    }
  }
  return cases;
}

}  // namespace

std::string bash_completion(const CompletionCommand& root) {
  std::string text =
      "# firn completion for bash: source <(firn completion bash)\n"
      "_firn() {\n"
      "  local place='' word before=\"${COMP_WORDS[COMP_CWORD-1]}\" current=\"${COMP_WORDS[COMP_CWORD]}\"\n"
      "  local -a values=(' ') words=()\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"$place|$word\" in\n" +
      walk_cases(root) +
      "    esac\n"
      "  done\n"
      "  case \"$place|$before\" in\n" +
      value_cases(root, "values") +
      "  esac\n"
      "  if [[ \"${values[0]}\" != ' ' ]]; then\n"
      "    COMPREPLY=($(compgen -W \"${values[*]}\" -- \"$current\"))\n"
      "    [[ \"${COMPREPLY[0]}\" == *= ]] && compopt -o nospace 2>/dev/null\n"
      "    [[ ${#COMPREPLY[@]} -gt 0 || -n \"${values[0]}\" ]] || COMPREPLY=($(compgen -f -- \"$current\"))\n"
      "    return\n"
      "  fi\n"
      "  case \"$place\" in\n";
  for (const CompletionCommand* const command : flattened(root)) {
    text += "    '" + joined(command->path, " ") + "') words=(" + joined(words_of(*command), " ") + ") ;;\n";
  }
  return text +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"${words[*]}\" -- \"$current\"))\n"
         "  [[ -z \"$place\" || \"$current\" == -* ]] || COMPREPLY+=($(compgen -d -- \"$current\"))\n"
         "}\n"
         "complete -o filenames -F _firn firn\n";
}

std::string zsh_completion(const CompletionCommand& root) {
  std::string text =
      "#compdef firn\n"
      "# firn completion for zsh: source <(firn completion zsh), or a file _firn in $fpath\n"
      "_firn() {\n"
      "  local place='' word before=\"${words[CURRENT-1]}\"\n"
      "  local -a values entries\n"
      "  for word in \"${(@)words[2,CURRENT-1]}\"; do\n"
      "    case \"$place|$word\" in\n" +
      walk_cases(root) +
      "    esac\n"
      "  done\n"
      "  case \"$place|$before\" in\n" +
      value_cases(root, "values") +
      "  esac\n"
      "  if (( ${#values} )); then\n"
      "    if [[ -n \"${values[1]}\" ]]; then compadd -S '' -- \"${values[@]}\"; else _files; fi\n"
      "    return\n"
      "  fi\n"
      "  case \"$place\" in\n";
  for (const CompletionCommand* const command : flattened(root)) {
    text += "    '" + joined(command->path, " ") + "') entries=(\n";
    for (const CompletionCommand& sub : command->commands) text += "      " + zsh_description(sub.path.back(), sub.text) + "\n";
    for (const CompletionOption& option : command->options) {
      for (const std::string& name : option.names) text += "      " + zsh_description(name, option.text) + "\n";
    }
    text += "    ) ;;\n";
  }
  return text +
         "  esac\n"
         "  _describe 'firn' entries\n"
         "  [[ -z \"$place\" ]] || _files -/\n"
         "}\n"
         "if [[ \"${funcstack[1]}\" == _firn ]]; then _firn \"$@\"; else compdef _firn firn; fi\n";
}

std::string fish_completion(const CompletionCommand& root) {
  const auto quote = [](const std::string& text) { return quoted(text, "\\'"); };
  std::string text = "# firn completion for fish: firn completion fish | source\ncomplete -c firn -f\n";
  for (const CompletionCommand* const command : flattened(root)) {
    std::string here = "__fish_use_subcommand";
    if (!command->path.empty()) {
      here.clear();
      for (const std::string& name : command->path) here += (here.empty() ? "" : "; and ") + ("__fish_seen_subcommand_from " + name);
    }
    std::string below = here;
    if (!command->path.empty() && !command->commands.empty()) {
      below += "; and not __fish_seen_subcommand_from";
      for (const CompletionCommand& sub : command->commands) below += " " + sub.path.back();
    }
    for (const CompletionCommand& sub : command->commands) {
      text += "complete -c firn -n " + quote(below) + " -a " + sub.path.back() + " -d " + quote(sub.text) + "\n";
    }
    for (const CompletionOption& option : command->options) {
      text += "complete -c firn -n " + quote(here);
      for (const std::string& name : option.names) text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (option.takes_value) text += option.values.empty() ? " -r -F" : " -x -a " + quote(joined(option.values, " "));
      text += " -d " + quote(option.text) + "\n";
    }
    if (!command->path.empty() && command->commands.empty()) {
      text += "complete -c firn -n " + quote(here) + " -a '(__fish_complete_directories)'\n";
    }
  }
  return text;
}

}  // namespace firn::cli
