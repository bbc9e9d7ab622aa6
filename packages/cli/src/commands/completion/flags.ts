import { Argument, type Command } from "commander";
import { shells } from "./scripts.js";
import { examples } from "../../grammar/help.js";
import { lazily } from "../../grammar/lazily.js";

export function addCompletion(program: Command): void {
  const command = program
    .command("completion")
    .summary("complete commands in your shell")
    .description(
      "Print a script that has a shell complete commands, options, servers, services and methods. What a server offers is asked of it at each Tab, by reflection.",
    )
    .addArgument(new Argument("<shell>").choices(shells));
  examples(command, [
    [`completion bash`, 'in ~/.bashrc: eval "$(vyra-ipc completion bash)"'],
    [`completion zsh`, 'in ~/.zshrc, behind compinit: eval "$(vyra-ipc completion zsh)"'],
    ["completion fish > ~/.config/fish/completions/vyra-ipc.fish"],
  ]);
  command.action(lazily(async () => (await import("./run.js")).completion));
  program
    .command("__complete", { hidden: true })
    .argument("[words...]")
    .action(async (words: string[]) => (await import("../complete/run.js")).complete(program, words));
}
