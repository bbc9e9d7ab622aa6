import { basename, resolve } from "node:path";
import { print, printJson } from "../../terminal/output.js";
import { printable } from "../../terminal/printable.js";
import { shellPath } from "../../terminal/shell-word.js";
import type { InitFlags } from "./flags.js";
import { createModule } from "./scaffold.js";

export async function run(dir: string, flags: InitFlags): Promise<void> {
  const name = flags.name ?? basename(resolve(dir));
  const { module, files } = await createModule(dir, name, flags.packages);
  if (flags.json) {
    printJson({ module, folder: resolve(dir), files });
    return;
  }
  for (const file of files) {
    print(`  ${file}`);
  }
  print(`The module ${module} is in ${printable(dir)}. Now:`);
  print(`  cd ${shellPath(dir)} && npm install && npm test && npm start`);
}
