import { Argument, type Command } from "commander";
import { examples } from "../../grammar/help.js";
import { shells } from "./scripts.js";

export function addCompletion(program: Command): Command {
  const command = program
    .command("completion")
    .summary("set up completion in your shell")
    .description(
      "Print a script with which a shell completes commands, options, servers, services and methods. " +
        "At each Tab the script asks the server, by reflection, what it offers.",
    )
    .addArgument(new Argument("<shell>").choices(shells));
  examples(command, [
    [`completion bash`, 'in ~/.bashrc: eval "$(vyra-ipc completion bash)"'],
    [`completion zsh`, 'in ~/.zshrc, after compinit: eval "$(vyra-ipc completion zsh)"'],
    ["completion fish > ~/.config/fish/completions/vyra-ipc.fish"],
  ]);
  return command;
}
