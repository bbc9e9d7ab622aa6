import { figures } from "../figures/figures.js";
import { bytes, format, formatRatio, grouped } from "../figures/format.js";
import type { PointResult, ScenarioResult } from "../figures/results.js";
import { ratioOf, spreadOf } from "../figures/summary.js";
import type { Scenario } from "../scenarios/scenario.js";
import { references } from "../suite.js";

type Titles = ReadonlyMap<string, string>;

/** Returns a scenario's figures as a Markdown table, with a row for each peer, or for each point of a sweep. */
export function tableOf(scenario: Scenario, result: ScenarioResult, titles: Titles): string {
  const [point] = result.points;
  return scenario.axis === undefined && point !== undefined
    ? pointTable(scenario, point, titles)
    : sweepTable(scenario, result, titles);
}

function pointTable(scenario: Scenario, point: PointResult, titles: Titles): string {
  const [first] = scenario.columns;
  const others = references[scenario.suite].filter((name) => point.peers[name] !== undefined);
  const head = [
    "",
    ...scenario.columns.map((name) => (name === "rate" ? `${scenario.counts} per second` : figures[name].title)),
    ...others.map((name) => `× ${name}`),
  ];
  const rows = Object.entries(point.peers).map(([peer, result]) => {
    if (result.failure !== undefined) {
      return [nameOf(peer, titles), `failed: ${result.failure}`, ...head.slice(2).map(() => "")];
    }
    const cells = scenario.columns.map((name) => {
      const spread = spreadOf(result, name);
      if (spread === undefined) {
        return "";
      }
      const { q1, median, q3 } = spread;
      const around = name === first ? ` <sub>${format(name, q1)} – ${format(name, q3)}</sub>` : "";
      return `${format(name, median)}${around}`;
    });
    const compared = others.map((other) => {
      const ratio = ratioOf(point, peer, other, first);
      return ratio === undefined ? "" : formatRatio(ratio.median);
    });
    return [nameOf(peer, titles), ...cells, ...compared];
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
