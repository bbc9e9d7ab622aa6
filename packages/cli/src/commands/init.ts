import { basename, resolve } from "node:path";
import type { Command } from "commander";
import { addJsonFlag } from "../connection.js";
import { examples } from "../help.js";
import { createModule } from "../scaffold.js";
import { print, printJson } from "../terminal/output.js";

interface InitFlags {
  readonly name?: string;
  readonly packages?: string;
  readonly json?: boolean;
}

export function addInit(program: Command): void {
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
  command.action(init);
}

async function init(dir: string, flags: InitFlags): Promise<void> {
  const name = flags.name ?? basename(resolve(dir));
  const { module, files } = await createModule(dir, name, flags.packages);
  if (flags.json) {
    printJson({ module, folder: resolve(dir), files });
    return;
  }
  for (const file of files) {
    print(`  ${file}`);
  }
  print(`The module ${module} is in ${dir}. Now:`);
  print(`  cd ${dir} && npm install && npm test && npm start`);
}
