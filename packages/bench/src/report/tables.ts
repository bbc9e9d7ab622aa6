import { type FigureName, figures } from "../figures/figures.js";
import { bytes, format, formatRatio, grouped } from "../figures/format.js";
import type { PeerResult, PointResult, ScenarioResult } from "../figures/results.js";
import { ratioOf, ratioTo, spreadOf } from "../figures/summary.js";
import type { Scenario } from "../scenarios/scenario.js";
import { references } from "../suite.js";

type Titles = ReadonlyMap<string, string>;

/** Returns a scenario's figures as Markdown, with a row for each peer, each point of a sweep, or each variant. */
export function tableOf(scenario: Scenario, result: ScenarioResult, titles: Titles): string {
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
  return Object.keys(base.peers)
    .map((peer) => {
      const head = [
        nameOf(peer, titles),
        ...scenario.columns.map((name) => headOf(scenario, name)),
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
        return [[title, ...cellsOf(scenario, result), ratio === undefined ? "" : formatRatio(ratio.median)]];
      });
      return markdown(head, rows);
    })
    .join("\n\n");
}

function headOf(scenario: Scenario, name: FigureName): string {
  return name === "rate" ? `${scenario.counts} per second` : figures[name].title;
}

/** The median of each figure, and the quartiles of the first. */
function cellsOf(scenario: Scenario, result: PeerResult): string[] {
  const [first] = scenario.columns;
  return scenario.columns.map((name) => {
    const spread = spreadOf(result, name);
    if (spread === undefined) {
      return "";
    }
    const { q1, median, q3 } = spread;
    const around = name === first ? ` <sub>${format(name, q1)} – ${format(name, q3)}</sub>` : "";
    return `${format(name, median)}${around}`;
  });
}

function pointTable(scenario: Scenario, point: PointResult, titles: Titles): string {
  const [first] = scenario.columns;
  const others = references[scenario.suite].filter((name) => point.peers[name] !== undefined);
  const head = ["", ...scenario.columns.map((name) => headOf(scenario, name)), ...others.map((name) => `× ${name}`)];
  const rows = Object.entries(point.peers).map(([peer, result]) => {
    if (result.failure !== undefined) {
      return [nameOf(peer, titles), `failed: ${result.failure}`, ...head.slice(2).map(() => "")];
    }
    const compared = others.map((other) => {
      const ratio = ratioOf(point, peer, other, first);
      return ratio === undefined ? "" : formatRatio(ratio.median);
    });
    return [nameOf(peer, titles), ...cellsOf(scenario, result), ...compared];
  });
  return markdown(head, rows);
}

function sweepTable(scenario: Scenario, { points }: ScenarioResult, titles: Titles): string {
  const [first] = scenario.columns;
  const peers = [...new Set(points.flatMap((point) => Object.keys(point.peers)))];
  const head = [`${figures[first].title}, by ${scenario.axis}`, ...peers.map((peer) => nameOf(peer, titles))];
  const rows = points.map((point) => [
    scenario.axis === "bytes" ? bytes(point.at) : grouped(point.at),
    ...peers.map((peer) => {
      const spread = spreadOf(point.peers[peer], first);
      return spread === undefined ? "–" : format(first, spread.median);
    }),
  ]);
  return markdown(head, rows);
}

function nameOf(peer: string, titles: Titles): string {
  const title = titles.get(peer) ?? peer;
  return peer === "direct" || peer === "ours" ? `**${title}**` : title;
}

export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, i) => (i === 0 ? "---" : "--:"));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
