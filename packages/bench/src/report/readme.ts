import { readFileSync, writeFileSync } from "node:fs";
import type { FigureName } from "../figures/figures.js";
import { format, formatRatio } from "../figures/format.js";
import type { SuiteResult } from "../figures/results.js";
import { spreadOf } from "../figures/summary.js";
import { scenarios } from "../scenarios/index.js";
import { anchorOf, nameOf, names } from "./names.js";
import { equalWithin, own, standingOf } from "./standing.js";
import { markdown } from "./tables.js";

const begin = "<!-- written by npm run bench -->";
const end = "<!-- end -->";

/** Writes the table of latency and throughput between the two marks in the README. */
export function writeReadmeTable(file: string, rpc: SuiteResult): void {
  const text = readFileSync(file, "utf8");
  const [before, after] = [text.indexOf(begin), text.indexOf(end)];
  if (before === -1 || after < before) {
    throw new Error(`${file} has no place for the table: ${begin} … ${end}`);
  }
  writeFileSync(file, `${text.slice(0, before + begin.length)}\n${readmeTable(rpc)}\n${text.slice(after)}`);
}

/** Returns unary calls, one at a time and 64 outstanding, the fastest peer first; then where others are better. */
export function readmeTable(rpc: SuiteResult): string {
  const figure = (scenario: string, peer: string, name: FigureName) => {
    const point = rpc.scenarios.find((each) => each.name === scenario)?.points[0];
    return spreadOf(point?.peers[peer], name)?.median;
  };
  const rows = Object.keys(names)
    .map((peer) => ({
      peer,
      p50: figure("unary-1", peer, "p50Us"),
      rate: figure("unary-64", peer, "rate"),
      firstRate: figure("unary-64", peer, "firstRate"),
    }))
    .sort((a, b) => (b.rate ?? 0) - (a.rate ?? 0))
    .flatMap(({ peer, p50, rate, firstRate }) => {
      if (p50 === undefined || rate === undefined) {
        return [];
      }
      const mark = peer === own ? "**" : "";
      const first = firstRate === undefined ? "" : format("firstRate", firstRate);
      return [[nameOf(peer), `${mark}${format("p50Us", p50)}${mark}`, `${mark}${format("rate", rate)}${mark}`, first]];
    });
  const head = ["", "one at a time, p50", "64 outstanding, calls/s", "the same in the first second"];
  const circumstances = `The figures are medians, on ${rpc.machine.cores} cores with Node.js ${rpc.machine.node}.`;
  return `\n${markdown(head, rows)}\n\n${circumstances}\n${whereOthersAreBetter(rpc)}`;
}

const page = "docs/reports/performance.md";

/** The figures besides the first of a scenario in which a reader would want to know who is better. */
const further: Readonly<Record<string, FigureName>> = {
  "memory-connection": "clientIdleBytes",
  "cold-start": "serverStartMs",
};

const furtherTitles: Partial<Record<FigureName, string>> = {
  clientIdleBytes: "Memory of an idle client",
  serverStartMs: "Start of a server",
};

/** Returns a table of the cases in which another stack is better than @vyra/ipc; nothing if there are none. */
function whereOthersAreBetter(rpc: SuiteResult): string {
  const rows = scenarios
    .filter(({ suite, axis }) => suite === "rpc" && axis === undefined)
    .flatMap((scenario) => {
      const points = rpc.scenarios.find(({ name }) => name === scenario.name)?.points ?? [];
      const also = further[scenario.name];
      return [scenario.columns[0], ...(also === undefined ? [] : [also])].flatMap((figure) =>
        points.flatMap((point) => {
          const better = standingOf(point, figure)?.rivals.filter(({ advantage }) => advantage > equalWithin) ?? [];
          if (better.length === 0) {
            return [];
          }
          const variant = scenario.points.find(({ at }) => at === point.at)?.title;
          const title = furtherTitles[figure] ?? `${scenario.title}${variant === undefined ? "" : `: ${variant}`}`;
          const who = better
            .slice(0, 3)
            .map(({ peer, advantage }) => `${nameOf(peer)} ${formatRatio(advantage)} times`);
          return [[`[${title}](${page}${anchorOf(scenario.title)})`, who.join("; ")]];
        }),
      );
    });
  if (rows.length === 0) {
    return "";
  }
  const about =
    "In these cases others are faster or smaller, by the factor that is given for the best three. Figures whose\n" +
    "ratio lies between 0.9 and 1.1 count as equal:";
  return `\n${about}\n\n${markdown(["case", "who is better"], rows, [])}\n`;
}
