// Writes the counts into docs/reports/conformance.md.
import { readFileSync, writeFileSync } from "node:fs";
import type { Counts } from "./suite.js";

const begin = "<!-- written by `npm run test:conformance` -->";
const end = "<!-- end of what is written by `npm run test:conformance` -->";

/** The results of an engine in the parts of the suite, by their titles. */
export interface Row {
  readonly engine: string;
  readonly counts: ReadonlyMap<string, Counts>;
}

/** Writes the counts into a Markdown file, between its markers. `titles` names the parts of the suite, in order. */
export function writeReport(path: string, titles: readonly string[], rows: readonly Row[], version: string): void {
  const text = readFileSync(path, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to === -1) {
    throw new Error(`${path} has no place for the counts: the lines ${begin} and ${end}`);
  }
  const lines = [
    begin,
    "",
    `| engine | ${titles.join(" | ")} |`,
    `|---|${"---|".repeat(titles.length)}`,
    ...rows.map(
      ({ engine, counts }) => `| ${engine} | ${titles.map((title) => cell(counts.get(title))).join(" | ")} |`,
    ),
    "",
    `The suite is connectconformance ${version}.`,
    "",
    "",
  ];
  writeFileSync(path, text.slice(0, from) + lines.join("\n") + text.slice(to));
}

function cell(counts: Counts | undefined): string {
  return counts === undefined ? "–" : `${counts.passed} of ${counts.cases}`;
}
