// firn(1) out of the parser's tree: the page says what the parser takes, and no more.
#include "completion_tree.h"
#include "firn.h"

namespace firn::cli {
namespace {

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else {
      result += c;
    }
  }
  if (!result.empty() && (result[0] == '.' || result[0] == '\'')) result.insert(0, "\\&");
  return result;
}

std::string synopsis_of(const CompletionCommand& command) {
  std::string text = ".B firn " + escaped(joined(command.path, " "));
  for (const CompletionOption& positional : command.positionals) {
    const std::string& name = positional.names.back();
    text += "\n." + std::string(positional.is_required ? "I " : "RI [ ") + escaped(name) + (positional.is_required ? "" : " ]");
  }
  return text + "\n";
}

std::string option_text(const CompletionOption& option) {
  std::string text = ".TP\n.B " + escaped(joined(option.names, ", "));
  const std::string type = option.type_name.starts_with("TEXT:") ? option.type_name.substr(5) : option.type_name;
  if (option.takes_value && !type.empty()) text += "\n.I " + escaped(type);
  // .TP takes one line as its head: the type joins it.
  const size_t line_end = text.find('\n', 4);
  if (line_end != std::string::npos) text = ".TP\n.BI \"" + text.substr(7, line_end - 7) + " \" \"" + text.substr(line_end + 4) + "\"";
  return text + "\n" + escaped(option.text) + "\n";
}

// Told once, for all commands.
bool is_general(const CompletionCommand& root, const CompletionOption& option) {
  for (const CompletionOption& general : root.options) {
    if (general.names.back() == option.names.back()) return true;
  }
  return false;
}

}  // namespace

std::string manual_page(const CompletionCommand& root, const std::string& footer) {
  const uint32_t version = firn_version();
  std::string text = ".TH FIRN 1 \"\" \"Firn " + std::to_string(version >> 16) + "." + std::to_string(version >> 8 & 255) + "." +
                     std::to_string(version & 255) +
                     "\" \"Firn\"\n.SH NAME\nfirn \\- load, read and look after a Firn database\n.SH SYNOPSIS\n" +
                     ".B firn\n.RI [ OPTIONS ]\n.I COMMAND\n.SH DESCRIPTION\n" + escaped(root.text) + ".\n.SH OPTIONS\n";
  for (const CompletionOption& option : root.options) text += option_text(option);
  text += ".SH COMMANDS\n";
  for (const CompletionCommand* const command : flattened(root)) {
    if (command->path.empty() || !command->commands.empty()) continue;
    text += ".SS " + escaped(joined(command->path, " ")) + "\n" + synopsis_of(*command) + ".PP\n" + escaped(command->text) + ".\n";
    for (const CompletionOption& positional : command->positionals) {
      text += ".TP\n.I " + escaped(positional.names.back()) + "\n" + escaped(positional.text) + "\n";
    }
    for (const CompletionOption& option : command->options) {
      if (!is_general(root, option)) text += option_text(option);
    }
  }
  text += ".SH NOTES\n.nf\n";
  std::string line;
  for (const char c : footer + "\n") {
    if (c != '\n') {
      line += c;
      continue;
    }
    text += (line.empty() ? ".PP" : escaped(line)) + "\n";
    line.clear();
  }
  return text + ".fi\n.SH SEE ALSO\n.BR firn (3)\n";
}

}  // namespace firn::cli
