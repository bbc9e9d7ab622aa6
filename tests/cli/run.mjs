// Tests the command in a real terminal: its drawing, its keys, and what it leaves on the screen; and as users get it:
// packed, installed, and creating a new module.
import { spawnSync } from "node:child_process";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";

const missing = ["tmux", "zsh", "fish"].filter((name) => spawnSync("which", [name]).status !== 0);
if (missing.length > 0) {
  console.error(`not installed: apt-get install -y ${missing.join(" ")}`);
  process.exit(1);
}
const files = ["draws.test.mjs", "completes.test.mjs", "installed.test.mjs"].map((name) =>
  fileURLToPath(new URL(name, import.meta.url)),
);
run({ files, concurrency: 1, timeout: 300_000 })
  .on("test:fail", () => {
    process.exitCode = 1;
  })
  .compose(new spec())
  .pipe(process.stdout);
