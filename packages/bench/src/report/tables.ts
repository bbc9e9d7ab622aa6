import { type FigureName, figures, firstOf } from "../figures/figures.js";
import { bytes, format, formatRatio, grouped } from "../figures/format.js";
import type { PeerResult, PointResult, ScenarioResult } from "../figures/results.js";
import { ratioOf, ratioTo, spreadOf } from "../figures/summary.js";
import type { Scenario } from "../scenarios/scenario.js";
import { references } from "../suite.js";

type Titles = ReadonlyMap<string, string>;

const mark = "†";

function unsettledMark({ rounds }: PeerResult): string {
  return rounds.some(({ isUnsettled }) => isUnsettled) ? mark : "";
}

/** Returns a scenario's figures as Markdown, and says what a mark in them means. */
export function tableOf(scenario: Scenario, result: ScenarioResult, titles: Titles): string {
  const table = figuresTable(scenario, result, titles);
  return table.includes(mark)
    ? `${table}\n\n${mark} In at least one round, the rates still differed when the warm-up had taken too long.`
    : table;
}

/** Returns a scenario's figures as Markdown, with a row for each peer, each point of a sweep, or each variant. */
function figuresTable(scenario: Scenario, result: ScenarioResult, titles: Titles): string {
  const [point] = result.points;
  if (scenario.axis !== undefined || point === undefined) {
    return sweepTable(scenario, result, titles);
  }
  return scenario.points.length > 1
    ? variantTables(scenario, result, point, titles)
    : pointTable(scenario, point, titles);
}

/** Returns a table for each peer, in which its variants are compared with the first one. */
function variantTables(scenario: Scenario, { points }: ScenarioResult, base: PointResult, titles: Titles): string {
  const [first] = scenario.columns;
  const variants = scenario.points.flatMap(({ at, title = "" }) => {
    const point = points.find((each) => each.at === at);
    return point === undefined ? [] : [{ title, point }];
  });
  const columns = columnsOf(scenario, Object.values(base.peers));
  return Object.keys(base.peers)
    .map((peer) => {
      const head = [
        nameOf(peer, titles),
        ...columns.map((name) => headOf(scenario, name)),
        `× ${scenario.points[0]?.title}`,
      ];
      const rows = variants.flatMap(({ title, point }) => {
        const result = point.peers[peer];
        if (result === undefined) {
          return [];
        }
        if (result.failure !== undefined) {
          return [[title, `failed: ${result.failure}`, ...head.slice(2).map(() => "")]];
        }
        const ratio = ratioTo(point, base, peer, first);
        return [[title, ...cellsOf(columns, result), ratio === undefined ? "" : formatRatio(ratio.median)]];
      });
      return markdown(head, rows);
    })
    .join("\n\n");
}

/** Returns the columns of a table: the first figure, the same in the first second if it is known, and the others. */
function columnsOf({ columns }: Scenario, peers: readonly PeerResult[]): readonly FigureName[] {
  const [first, ...rest] = columns;
  const cold = firstOf(first);
  const isKnown = cold !== undefined && peers.some((peer) => spreadOf(peer, cold) !== undefined);
  return isKnown ? [first, cold, ...rest] : columns;
}

function headOf(scenario: Scenario, name: FigureName): string {
  return name === "rate" ? `${scenario.counts} per second` : figures[name].title;
}

/** The median of each figure, and the quartiles of the first. */
function cellsOf(columns: readonly FigureName[], result: PeerResult): string[] {
  const [first] = columns;
  return columns.map((name) => {
    const spread = spreadOf(result, name);
    if (spread === undefined) {
      return "";
    }
    const { q1, median, q3 } = spread;
    const around =
      name === first ? `${unsettledMark(result)} <sub>${format(name, q1)} – ${format(name, q3)}</sub>` : "";
    return `${format(name, median)}${around}`;
  });
}

function pointTable(scenario: Scenario, point: PointResult, titles: Titles): string {
  const [first] = scenario.columns;
  const others = references[scenario.suite].filter((name) => point.peers[name] !== undefined);
  const columns = columnsOf(scenario, Object.values(point.peers));
  const head = ["", ...columns.map((name) => headOf(scenario, name)), ...others.map((name) => `× ${name}`)];
  const rows = Object.entries(point.peers).map(([peer, result]) => {
    if (result.failure !== undefined) {
      return [nameOf(peer, titles), `failed: ${result.failure}`, ...head.slice(2).map(() => "")];
    }
    const compared = others.map((other) => {
      const ratio = ratioOf(point, peer, other, first);
      return ratio === undefined ? "" : formatRatio(ratio.median);
    });
    return [nameOf(peer, titles), ...cellsOf(columns, result), ...compared];
  });
  return markdown(head, rows);
}

function sweepTable(scenario: Scenario, { points }: ScenarioResult, titles: Titles): string {
  const { columns, inCells = [columns[0]], axis } = scenario;
  const peers = [...new Set(points.flatMap((point) => Object.keys(point.peers)))];
  const head = [
    `${inCells.map((name) => figures[name].title).join(", ")}, by ${axis}`,
    ...peers.map((peer) => nameOf(peer, titles)),
  ];
  const rows = points.map((point) => [
    axis === "bytes" ? bytes(point.at) : grouped(point.at),
    ...peers.map((peer) => {
      const medians = inCells.flatMap((name) => {
        const spread = spreadOf(point.peers[peer], name);
        return spread === undefined ? [] : [format(name, spread.median)];
      });
      return medians.join(", ") || "–";
    }),
  ]);
  return markdown(head, rows);
}

function nameOf(peer: string, titles: Titles): string {
  const title = titles.get(peer) ?? peer;
  return peer === "direct" || peer === "ours" ? `**${title}**` : title;
}

/** @param numeric the columns that are aligned to the right; by default all but the first */
export function markdown(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  numeric: readonly number[] = head.map((_, i) => i).slice(1),
): string {
  const rule = head.map((_, i) => (numeric.includes(i) ? "--:" : "---"));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
