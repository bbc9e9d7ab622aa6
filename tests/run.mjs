// Runs every compiled test of the workspace, or those whose path contains one of the words given, on this Node.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const words = process.argv.slice(2);

const folders = readdirSync(join(root, "packages")).map((name) => join(root, "packages", name, "dist-test"));
// Those that take longest come first, so that none is left over in the end.
const files = [join(root, "tests/dist/e2e"), ...folders]
  .flatMap(testFilesUnder)
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
if (files.length === 0) {
  console.error("no test found: has it been built (npm run build)?");
  process.exit(1);
}
// Many tests wait for a moment to pass or for a process to start, so one more of them runs than there are cores;
// Node.js itself would run two fewer.
const concurrency = availableParallelism() + 1;
const args = [
  "--test",
  // It only ends what hangs. A file with fifty processes to start needs two minutes of a machine that has much else to
  // do.
  "--test-timeout=600000",
  `--test-concurrency=${concurrency}`,
  ...files.map((file) => relative(root, file)),
];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
process.exit(status ?? 1);

/** @param {string} folder */
function testFilesUnder(folder) {
  /** @type {string[]} */
  let entries;
  try {
    entries = readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch {
    return []; // a package without tests of its own
  }
  return entries.filter((name) => name.endsWith(".test.js")).map((name) => join(folder, name));
}
