import type { FigureName } from "../figures/figures.js";
import { figures } from "../figures/figures.js";
import { format, formatRatio, grouped } from "../figures/format.js";
import type { PointResult, SuiteResult } from "../figures/results.js";
import { coreNames } from "../scenarios/core.js";
import { scenarios } from "../scenarios/index.js";
import type { Scenario } from "../scenarios/scenario.js";
import { anchorOf, nameOf } from "./names.js";
import { equalWithin, type Standing, standingOf } from "./standing.js";
import { wrapped } from "./wrapped.js";

/** The beginning of the report: for each core scenario, a line that says who is first, and how far the others are. */
export function verdict(rpc: SuiteResult): string {
  const lines = coreNames.flatMap((name) => {
    const scenario = scenarios.find((each) => each.suite === "rpc" && each.name === name);
    const points = rpc.scenarios.find((each) => each.name === name)?.points ?? [];
    const line = scenario && lineOf(scenario, points);
    return line === undefined ? [] : [line];
  });
  return lines.map((line, i) => wrapped(`${i + 1}. ${line}`, "   ")).join("\n");
}

/** Returns undefined if the results lack the scenario, or have nobody to compare with. */
function lineOf(scenario: Scenario, points: readonly PointResult[]): string | undefined {
  const figure = scenario.name === "open-loop" ? "p99Us" : scenario.columns[0];
  const shown = shownPoint(points, figure);
  const title = `[${scenario.title}](${anchorOf(scenario.title)})`;
  return (
    shown && `${title}${circumstances(scenario, shown.point)}: ${sentences(shown.standing, figure, scenario.counts)}`
  );
}

/** Chooses the last point with somebody to compare with: the highest rate, or the most that a call can have added. */
function shownPoint(points: readonly PointResult[], figure: FigureName) {
  for (const point of points.filter(({ work }) => !work.withExtras || points.length === 1).toReversed()) {
    const standing = standingOf(point, figure);
    if (standing !== undefined) {
      return { point, standing };
    }
  }
  return undefined;
}

function circumstances({ points }: Scenario, { at, work }: PointResult): string {
  if (work.rate !== undefined) {
    return `, ${grouped(work.rate)} per second`;
  }
  const variant = points.find((point) => point.at === at)?.title;
  return variant === undefined ? "" : `, ${variant}`;
}

function sentences({ median, rivals, limits }: Standing, figure: FigureName, counts: string): string {
  const [best] = rivals;
  if (best === undefined) {
    return "";
  }
  const value = (amount: number) => inWords(figure, amount, counts);
  const place = rivals.filter(({ advantage }) => advantage > equalWithin).length + 1;
  const other = `${nameOf(best.peer)} (${value(best.median)})`;
  const ours = `**@vyra/ipc** (${value(median)})`;
  const ofOther = figures[figure].isBetter === "more" ? 1 / best.advantage : best.advantage;
  const first =
    best.advantage > equalWithin
      ? `${other} is first. ${ours} is number ${place}, with ${formatRatio(ofOther)} times that.`
      : best.advantage * equalWithin < 1
        ? `${ours} is first. ${other} follows, with ${formatRatio(1 / ofOther)} times that.`
        : `${ours} and ${other} are first, and equal within 10 %.`;
  const ratios = limits.map(({ peer, ratio }) => `${formatRatio(ratio)} × ${limitNames[peer] ?? peer}`);
  return ratios.length === 0 ? first : `${first} The figure of @vyra/ipc is ${listed(ratios)}.`;
}

const limitNames: Readonly<Record<string, string>> = {
  "kernel-limit": "the kernel's limit sleeping",
  "kernel-limit-busy": "the kernel's limit busy polling",
  "js-limit": "JavaScript's limit",
};

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** Writes a figure so that it is clear without its table. */
function inWords(figure: FigureName, amount: number, counts: string): string {
  const text = format(figure, amount);
  switch (figure) {
    case "rate":
      return `${text} ${counts} per second`;
    case "bytesPerSecond":
      return `${text} each way`;
    case "firstCallMs":
      return `${text} for the client's start and first call`;
    case "clientBytes":
      return `${text} in the client for each of the ${counts}`;
    default:
      return `${figures[figure].title} ${text}`;
  }
}
