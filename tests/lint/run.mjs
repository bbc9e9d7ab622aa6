// Checks what Biome and buf do not: the width of lines, and links in Markdown. `npm run lint` runs it.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brokenLinks, missingPaths } from "./links.mjs";
import { wideLines } from "./width.mjs";

process.chdir(fileURLToPath(new URL("../..", import.meta.url)));

/** The files and folders whose lines are checked. A folder ends with a slash. */
const covered = [
  ".ci/",
  ".github/",
  "ARCHITECTURE.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "README.md",
  "SECURITY.md",
  "buf.gen.yaml",
  "buf.yaml",
  "docs/guide/",
  "docs/reference/",
  "docs/reports/",
  "examples/",
  "packages/bench/",
  "packages/cli/",
  "packages/http2/",
  "packages/ipc/",
  "proto/",
  "rolldown.config.js",
  "tests/",
];

/** Their lines are written by programs, or are test vectors. */
const excluded = ["packages/bench/results/", "packages/http2/api/", "packages/ipc/api/"];

/** Pages that name source files in backticks, beginning in packages/. */
const pagesWithPaths = ["ARCHITECTURE.md", "CONTRIBUTING.md"];

/** @type {(file: string, places: readonly string[]) => boolean} */
const isIn = (file, places) => places.some((place) => (place.endsWith("/") ? file.startsWith(place) : file === place));
/** @type {(file: string) => boolean} */
const isText = (file) => /(\.(ts|mts|mjs|js|md|proto|ya?ml|sh)|^\.ci\/[^.]+)$/.test(file);

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" })
  .split("\n")
  .filter((file) => isText(file) && existsSync(file) && !isIn(file, excluded));

const problems = files.flatMap((file) => {
  const text = readFileSync(file, "utf8");
  return [
    ...(isIn(file, covered) ? wideLines(file, text) : []),
    ...(file.endsWith(".md") ? brokenLinks(file, text) : []),
    ...(pagesWithPaths.includes(file) ? missingPaths(file, text) : []),
  ];
});

for (const problem of problems) {
  console.error(problem);
}
if (problems.length > 0) {
  console.error(`${problems.length} problems`);
  process.exitCode = 1;
}
