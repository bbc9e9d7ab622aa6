import { figures } from "../figures/figures.js";
import { bytes, format, formatRatio, grouped } from "../figures/format.js";
import type { PointResult, ScenarioResult } from "../figures/results.js";
import { quietLimit } from "../figures/results.js";
import { spread } from "../figures/stats.js";
import { ratioOf, ratioTo, spreadOf } from "../figures/summary.js";
import type { Scenario } from "../scenarios/scenario.js";
import { references } from "../suite.js";

/** Prints the result of a scenario: medians, quartiles of the first figure, and ratios. */
export function printScenario(scenario: Scenario, result: ScenarioResult): void {
  console.log(`\n${scenario.suite} ${scenario.name}: ${scenario.title} (${scenario.counts})`);
  const base = scenario.axis === undefined && scenario.points.length > 1 ? result.points[0] : undefined;
  for (const point of result.points) {
    const title = titleOf(scenario, point);
    if (title !== undefined) {
      console.log(`  ${title}`);
    }
    printRows(rowsOf(scenario, point, base));
    printDisturbance(point);
  }
}

/** Returns the position of a point in a sweep, or the words for a variant. */
function titleOf({ axis, points }: Scenario, { at }: PointResult): string | undefined {
  if (axis === undefined) {
    return points.find((point) => point.at === at)?.title;
  }
  return axis === "bytes" ? bytes(at) : `${grouped(at)} ${axis}`;
}

function printDisturbance({ peers }: PointResult): void {
  const all = Object.values(peers).flatMap(({ rounds }) => rounds.map(({ disturbance }) => disturbance));
  const { median } = spread(all);
  if (median > quietLimit) {
    console.log(`  others used ${Math.round(median * 100)} % of the machine meanwhile`);
  }
}

/** @param base the point with which variants are compared */
function rowsOf(scenario: Scenario, point: PointResult, base: PointResult | undefined): string[][] {
  const [first] = scenario.columns;
  const isRepeated = Object.values(point.peers).some(({ rounds }) => rounds.length > 1);
  const others = references[scenario.suite].filter((name) => point.peers[name] !== undefined);
  const head = [
    "",
    ...scenario.columns.flatMap((name) =>
      name === first && isRepeated ? [figures[name].title, "quartiles"] : figures[name].title,
    ),
    ...others.map((name) => `× ${name}`),
    ...(base === undefined ? [] : [`× ${titleOf(scenario, base)}`]),
  ];
  const rows = Object.entries(point.peers).map(([peer, result]) => {
    if (result.failure !== undefined) {
      return [peer, `failed: ${result.failure}`];
    }
    const cells = scenario.columns.flatMap((name) => {
      const spread = spreadOf(result, name);
      if (spread === undefined) {
        return name === first && isRepeated ? ["", ""] : "";
      }
      const { q1, median, q3 } = spread;
      const text = format(name, median);
      return name === first && isRepeated ? [text, `${format(name, q1)} – ${format(name, q3)}`] : text;
    });
    const compared = others.map((other) => ratioOf(point, peer, other, first));
    const all = base === undefined ? compared : [...compared, ratioTo(point, base, peer, first)];
    return [peer, ...cells, ...all.map((ratio) => (ratio === undefined ? "" : formatRatio(ratio.median)))];
  });
  return [head, ...rows];
}

function printRows(rows: string[][]): void {
  const full = rows.filter((row) => row.length === rows[0]?.length);
  const widths = (full[0] ?? []).map((_, column) => Math.max(...full.map((row) => row[column]?.length ?? 0)));
  for (const row of rows) {
    const cells = row.map((cell, i) => (i === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[i] ?? 0)));
    console.log(`  ${row.length === widths.length ? cells.join("  ") : row.join("  ")}`);
  }
}
