// Writes the matrix for the terminal and for docs/reports/interop.md.
import { readFileSync, writeFileSync } from "node:fs";
import { cases } from "./cases.js";
import type { Outcome, Outcomes } from "./pairing.js";

const begin = "<!-- written by `npm run test:interop` -->";
const end = "<!-- end of what is written by `npm run test:interop` -->";

const marks = { passed: "✓", part: "◐", impossible: "–", failed: "✗", missing: "?" };

/** One column: a peer, a direction, and the results with each engine. */
export interface Column {
  readonly title: string;
  /** Whose client was used. */
  readonly caller: Caller;
  readonly runs: readonly EngineRun[];
}

export type Caller = "theirs" | "ours";

export interface EngineRun {
  readonly engine: string;
  readonly outcomes: Outcomes;
}

/** Prints the matrix for the terminal. */
export function printMatrix(columns: readonly Column[]): void {
  for (const [caller, title] of directions) {
    const some = columns.filter((column) => column.caller === caller);
    if (some.length === 0) {
      continue;
    }
    console.log(`\n${title}`);
    const width = Math.max(...cases.map(({ name }) => name.length));
    const widths = some.map((column) =>
      Math.max(column.title.length, ...cases.map(({ name }) => cell(column, name).length)),
    );
    console.log(`  ${" ".repeat(width)}  ${some.map((column, i) => column.title.padEnd(widths[i] ?? 0)).join("  ")}`);
    for (const { name } of cases) {
      const cells = some.map((column, i) => cell(column, name).padEnd(widths[i] ?? 0));
      console.log(`  ${name.padEnd(width)}  ${cells.join("  ")}`.trimEnd());
    }
  }
  console.log(`\n${legend}`);
}

/** Writes the matrix into a Markdown file, between its markers. */
export function writeMatrix(path: string, columns: readonly Column[], versions: readonly string[]): void {
  const text = readFileSync(path, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to === -1) {
    throw new Error(`${path} has no place for the matrix: the lines ${begin} and ${end}`);
  }
  const notes: Notes = new Map();
  const parts = directions.map(([caller, title]) =>
    table(
      title,
      columns.filter((column) => column.caller === caller),
      notes,
    ),
  );
  const lines = [begin, "", ...parts, legend, ""];
  if (notes.size > 0) {
    lines.push(...[...notes].map(([note, number]) => `${number}. ${capitalized(note)}.`), "");
  }
  lines.push("These versions took part:", "", ...versions.map((version) => `- ${version}`), "");
  writeFileSync(path, text.slice(0, from) + lines.join("\n") + text.slice(to));
}

const directions = [
  ["theirs", "Their client and our server"],
  ["ours", "Our client and their server"],
] as const;

const legend =
  "✓: the case passed. ◐: it passed in part. –: it is impossible. ✗: it failed. ?: the toolchain is missing.";

/** The notes below the tables, with their numbers. */
type Notes = Map<string, number>;

function table(title: string, columns: readonly Column[], notes: Notes): string {
  const lines = [`### ${title}`, "", `| case | what it shows | ${columns.map((column) => column.title).join(" | ")} |`];
  lines.push(`|---|---|${":-:|".repeat(columns.length)}`);
  for (const { name, says } of cases) {
    const cells = columns.map((column) => `${cell(column, name)}${references(column, name, notes)}`);
    lines.push(`| ${name} | ${says} | ${cells.join(" | ")} |`);
  }
  return `${lines.join("\n")}\n`;
}

/** Returns one mark if all engines agree, otherwise the mark of each engine. */
function cell(column: Column, name: string): string {
  const all = column.runs.map(({ engine, outcomes }) => ({ engine, mark: marks[outcomeOf(outcomes, name).verdict] }));
  const [mark, ...others] = new Set(all.map(({ mark }) => mark));
  if (mark !== undefined && others.length === 0) {
    return mark;
  }
  return all.map(({ engine, mark }) => `${mark} ${engine}`).join(", ");
}

function references(column: Column, name: string, notes: Notes): string {
  const numbers = new Set<number>();
  for (const { outcomes } of column.runs) {
    const outcome = outcomeOf(outcomes, name);
    if (outcome.verdict === "part" || outcome.verdict === "impossible") {
      const number = notes.get(outcome.note) ?? notes.size + 1;
      notes.set(outcome.note, number);
      numbers.add(number);
    }
  }
  return numbers.size === 0 ? "" : ` (${[...numbers].join(", ")})`;
}

/** Makes a note a sentence, unless it begins with the name of a program. */
function capitalized(note: string): string {
  return note.startsWith("grpc") ? note : `${note.charAt(0).toUpperCase()}${note.slice(1)}`;
}

function outcomeOf(outcomes: Outcomes, name: string): Outcome {
  const outcome = outcomes.get(name);
  if (outcome === undefined) {
    throw new Error(`the case ${name} has no outcome`);
  }
  return outcome;
}
