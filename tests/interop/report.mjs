// The matrix, for people at a terminal and in docs/reports/interop.md.
import { readFileSync, writeFileSync } from "node:fs";
import { cases } from "./cases.mjs";

const begin = "<!-- written by `npm run test:interop` -->";
const end = "<!-- end of what is written by `npm run test:interop` -->";

const marks = { passed: "✓", part: "◐", impossible: "–", failed: "✗", missing: "?" };

/**
 * One column: a peer, a direction, and what each engine's run gave.
 * @typedef {object} Column
 * @property {string} title
 * @property {"theirs" | "ours"} caller whose client it was
 * @property {{ engine: string, outcomes: Map<string, import("./pairing.mjs").Outcome> }[]} runs
 */

/** @param {Column[]} columns */
export function printMatrix(columns) {
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
    console.log(`  ${" ".repeat(width)}  ${some.map((column, i) => column.title.padEnd(widths[i])).join("  ")}`);
    for (const { name } of cases) {
      const cells = some.map((column, i) => cell(column, name).padEnd(widths[i]));
      console.log(`  ${name.padEnd(width)}  ${cells.join("  ")}`.trimEnd());
    }
  }
  console.log(`\n${legend}`);
}

/** Writes the matrix into a Markdown file, between its markers. */
export function writeMatrix(path, columns, versions) {
  const text = readFileSync(path, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to === -1) {
    throw new Error(`${path} has no place for the matrix: the lines ${begin} and ${end}`);
  }
  const notes = new Map();
  const parts = directions.map(([caller, title]) =>
    table(
      title,
      columns.filter((column) => column.caller === caller),
      notes,
    ),
  );
  const lines = [begin, "", ...parts, legend, ""];
  if (notes.size > 0) {
    lines.push(...[...notes].map(([note, number]) => `${number}. ${note}.`), "");
  }
  lines.push(`Versions: ${versions.join("; ")}.`, "");
  writeFileSync(path, text.slice(0, from) + lines.join("\n") + text.slice(to));
}

const directions = [
  ["theirs", "Their client, our server"],
  ["ours", "Our client, their server"],
];

const legend = "✓ passed; ◐ passed in part; – not possible; ✗ failed; ? toolchain missing.";

function table(title, columns, notes) {
  const lines = [`### ${title}`, "", `| case | what it shows | ${columns.map((column) => column.title).join(" | ")} |`];
  lines.push(`|---|---|${":-:|".repeat(columns.length)}`);
  for (const { name, says } of cases) {
    const cells = columns.map((column) => `${cell(column, name)}${references(column, name, notes)}`);
    lines.push(`| ${name} | ${says} | ${cells.join(" | ")} |`);
  }
  return `${lines.join("\n")}\n`;
}

/** One mark if all engines agree; else each engine's. */
function cell(column, name) {
  const verdicts = column.runs.map(({ engine, outcomes }) => [engine, marks[outcomes.get(name).verdict]]);
  if (new Set(verdicts.map(([, mark]) => mark)).size === 1) {
    return verdicts[0][1];
  }
  return verdicts.map(([engine, mark]) => `${mark} ${engine}`).join(", ");
}

function references(column, name, notes) {
  const numbers = new Set();
  for (const { outcomes } of column.runs) {
    const { verdict, note } = outcomes.get(name);
    if (verdict === "part" || verdict === "impossible") {
      if (!notes.has(note)) {
        notes.set(note, notes.size + 1);
      }
      numbers.add(notes.get(note));
    }
  }
  return numbers.size === 0 ? "" : ` (${[...numbers].join(", ")})`;
}
