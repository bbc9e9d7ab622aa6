// Checks what Biome and buf do not: the width of lines, and links in Markdown. `npm run lint` runs it.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brokenLinks, missingPaths } from "./links.mjs";
import { wideLines } from "./width.mjs";

process.chdir(fileURLToPath(new URL("../..", import.meta.url)));

/** Files and folders that are not checked, because programs write them. A folder ends with a slash. */
const generated = ["packages/bench/results/", "packages/http2/api/", "packages/ipc/api/"];

/** Pages that name source files in backticks, beginning in packages/. */
const pagesWithPaths = ["ARCHITECTURE.md", "CONTRIBUTING.md"];

/** @type {(file: string, places: readonly string[]) => boolean} */
const isIn = (file, places) => places.some((place) => (place.endsWith("/") ? file.startsWith(place) : file === place));
/** @type {(file: string) => boolean} */
const isText = (file) => /(\.([cm]?[jt]s|md|proto|ya?ml|toml|sh|py|go|rs|cc|h|html|css)|^\.ci\/[^.]+)$/.test(file);

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" })
  .split("\n")
  .filter((file) => isText(file) && existsSync(file) && !isIn(file, generated));

const problems = files.flatMap((file) => {
  const text = readFileSync(file, "utf8");
  return [
    ...wideLines(file, text),
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
