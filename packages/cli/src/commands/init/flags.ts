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
    .summary("start a new module")
    .description(
      "Create a module of two processes, a backend and a frontend, with a service between them and its tests. It runs as it is.",
    )
    .argument("<dir>", "a folder that is not there yet, or empty")
    .option("--name <name>", "the module's name (default: the folder's)")
    .option(
      "--packages <dir>",
      "take the packages of @vyra from tarballs in this folder (npm pack) instead of the registry",
    );
  addJsonFlag(command, "what was written, in JSON");
  examples(command, [["init my_module && cd my_module && npm install && npm test && npm start"]]);
  return command;
}
