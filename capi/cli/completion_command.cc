// completion: the script that lets a shell complete the arguments of firn; manual: its manual page.
#include "commands.h"
#include "completion_tree.h"
#include "failure.h"
#include "output.h"

namespace firn::cli {

void add_completion_command(CLI::App& app, Invocation& invocation) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* const sub = app.add_subcommand("completion", "Print the completion script of a shell: source <(firn completion bash)");
  sub->add_option("SHELL", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  sub->callback([&app, &invocation, shell] {
    invocation.run = [&app, shell] {
      const CompletionCommand tree = completion_tree_of(app);
      Output output;
      output.write(*shell == "bash" ? bash_completion(tree) : *shell == "zsh" ? zsh_completion(tree) : fish_completion(tree));
      output.flush();
      return kExitOk;
    };
  });
  // For the build, which installs firn(1).
  app.add_subcommand("manual", "Print firn(1)")->group("")->callback([&app, &invocation] {
    invocation.run = [&app] {
      Output output;
      output.write(manual_page(completion_tree_of(app), app.get_footer()));
      output.flush();
      return kExitOk;
    };
  });
}

}  // namespace firn::cli
