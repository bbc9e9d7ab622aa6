// npm run test:cli
//
// Tests the command in a real terminal: the screen that it draws, the keys that it obeys, and the screen that it leaves
// behind. Tests it also as users get it: packed, installed, and creating a new module.
import { spawnSync } from "node:child_process";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { compiled } from "../support/folders.js";

const missing = ["tmux", "zsh", "fish"].filter((name) => spawnSync("which", [name]).status !== 0);
if (missing.length > 0) {
  console.error(`not installed: apt-get install -y ${missing.join(" ")}`);
  process.exit(1);
}
const files = ["draws", "completes", "installed"].map((name) => compiled(`cli/${name}.test.js`));
run({ files, concurrency: 1, timeout: 300_000 })
  .on("test:fail", () => {
    process.exitCode = 1;
  })
  .compose(new spec())
  .pipe(process.stdout);
