// Runs every compiled test of the workspace, or those whose path contains one of the words given, with this version of
// Node.js.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const words = process.argv.slice(2);

const folders = readdirSync(join(root, "packages")).map((name) => join(root, "packages", name, "dist-test"));
// The slowest tests start first, so that none is left running alone at the end.
const files = [join(root, "tests/dist/e2e"), ...folders]
  .flatMap(testFilesUnder)
  .filter((file) => words.length === 0 || words.some((word) => relative(root, file).includes(word)));
if (files.length === 0) {
  console.error("no test found: has it been built (npm run build)?");
  process.exit(1);
}
// Many tests wait for time to pass or for a process to start, so the number of tests at a time is the number of cores
// plus one. By itself, Node.js would run two fewer.
const concurrency = availableParallelism() + 1;
const args = [
  "--test",
  // The limit only ends tests that hang. A file that starts fifty processes needs two minutes on a busy machine.
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
