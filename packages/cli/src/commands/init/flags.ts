import type { Command } from "commander";
import { addJsonFlag } from "../../grammar/flags.js";
import { examples } from "../../grammar/help.js";

export interface InitFlags {
  readonly name?: string;
  readonly packages?: string;
  readonly json?: boolean;
}

export function addInit(program: Command): Command {
  const command = program
    .command("init")
    .summary("create a new module")
    .description(
      "Create a module of two processes, a backend and a frontend, with a service between them and tests. " +
        "The module runs without changes.",
    )
    .argument("<dir>", "a folder that does not exist, or is empty")
    .option("--name <name>", "the module's name (default: the folder's name)")
    .option(
      "--packages <dir>",
      "install the @vyra packages from tarballs in this folder (npm pack) instead of the registry",
    );
  addJsonFlag(command, "print the names of the files as JSON");
  examples(command, [["init my_module && cd my_module && npm install && npm test && npm start"]]);
  return command;
}
