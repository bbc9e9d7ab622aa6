import type { FigureName } from "../figures/figures.js";
import { figures } from "../figures/figures.js";
import { bytes, format, grouped } from "../figures/format.js";
import type { PeerResult, PointResult, ScenarioResult, SuiteResult } from "../figures/results.js";
import { spreadOf } from "../figures/summary.js";
import { mainPeers } from "../scenarios/scenario.js";
import type { Suite } from "../suite.js";
import { draw, faint, font, ink } from "./draw.js";
import { colorOf, lineOf } from "./palette.js";

/** A chart of one scenario. */
export interface Chart {
  readonly suite: Suite;
  readonly scenario: string;
  readonly title: string;
  readonly kind: "bars" | "percentiles" | "sweep";
  readonly figure: FigureName;
  /** The unit on the axis of a sweep. */
  readonly axis?: "bytes" | "count";
}

/** All charts of the report. */
export const charts: readonly Chart[] = [
  {
    suite: "http2",
    scenario: "exchange-64",
    title: "Exchanges per second, 32 bytes, 64 in flight",
    kind: "bars",
    figure: "rate",
  },
  {
    suite: "http2",
    scenario: "exchange-1",
    title: "Latency of an exchange, one at a time",
    kind: "percentiles",
    figure: "p50Us",
  },
  {
    suite: "http2",
    scenario: "concurrency",
    title: "CPU time of an exchange, both sides, by exchanges in flight",
    kind: "sweep",
    figure: "cpuUs",
    axis: "count",
  },
  {
    suite: "rpc",
    scenario: "unary-64",
    title: "Unary calls per second, 32 bytes, 64 outstanding",
    kind: "bars",
    figure: "rate",
  },
  {
    suite: "rpc",
    scenario: "unary-1",
    title: "Latency of a unary call, one at a time",
    kind: "percentiles",
    figure: "p50Us",
  },
  {
    suite: "rpc",
    scenario: "unary-1000",
    title: "Latency of a unary call, 1,000 outstanding",
    kind: "percentiles",
    figure: "p50Us",
  },
  {
    suite: "rpc",
    scenario: "download",
    title: "Messages per second, server streaming, 32 bytes",
    kind: "bars",
    figure: "rate",
  },
  {
    suite: "rpc",
    scenario: "sizes",
    title: "Latency of a unary call by payload",
    kind: "sweep",
    figure: "p50Us",
    axis: "bytes",
  },
  {
    suite: "rpc",
    scenario: "concurrency",
    title: "Unary calls per second by calls outstanding",
    kind: "sweep",
    figure: "rate",
    axis: "count",
  },
  {
    suite: "rpc",
    scenario: "concurrency",
    title: "CPU time of a unary call, both sides, by calls outstanding",
    kind: "sweep",
    figure: "cpuUs",
    axis: "count",
  },
  ...(["p50Us", "p99Us", "p999Us"] as const).map(
    (figure): Chart => ({
      suite: "rpc",
      scenario: "open-loop",
      title: `${figures[figure].title} by calls per second, counted from the moment at which a call is due`,
      kind: "sweep",
      figure,
      axis: "count",
    }),
  ),
];

export function fileOf({ suite, scenario, kind, figure }: Chart): string {
  return `${suite}-${scenario}-${kind === "sweep" ? figure : kind}.svg`;
}

/** Returns undefined if the results lack the data of the chart. */
export function drawChart(chart: Chart, results: SuiteResult): string | undefined {
  const scenario = results.scenarios.find(({ name }) => name === chart.scenario);
  const point = scenario?.points[0];
  if (scenario === undefined || point === undefined) {
    return undefined;
  }
  const titles = new Map(results.peers.map(({ name, title }) => [name, title]));
  switch (chart.kind) {
    case "bars":
      return drawBars(chart, point, titles);
    case "percentiles":
      return drawPercentiles(chart, point);
    case "sweep":
      return drawSweep(chart, scenario);
  }
}

const width = 760;
const textStyle = { color: ink, fontFamily: font, fontSize: 13 };
const line = { lineStyle: { color: faint } };

function drawBars(chart: Chart, point: PointResult, titles: ReadonlyMap<string, string>): string {
  const bars = Object.entries(point.peers)
    .flatMap(([peer, result]) => {
      const value = spreadOf(result, chart.figure)?.median;
      return value === undefined ? [] : [{ peer, value }];
    })
    .sort((a, b) => a.value - b.value);
  const option = {
    title: titled(chart),
    grid: { left: 260, right: 90, top: 36, bottom: 8 },
    xAxis: { type: "value", show: false },
    yAxis: {
      type: "category",
      data: bars.map(({ peer }) => titles.get(peer) ?? peer),
      axisLabel: textStyle,
      axisLine: line,
      axisTick: { show: false },
    },
    series: [
      {
        type: "bar",
        barCategoryGap: "35%",
        data: bars.map(({ peer, value }) => ({
          value,
          itemStyle: { color: colorOf(peer) },
          label: { show: true, position: "right", formatter: format(chart.figure, value), ...textStyle },
        })),
      },
    ],
  };
  return draw(option, width, 56 + bars.length * 30);
}

const percentiles = ["p10Us", "p25Us", "p50Us", "p75Us", "p90Us", "p99Us", "p999Us"] as const;

function drawPercentiles(chart: Chart, point: PointResult): string {
  return drawLines(
    chart,
    percentiles.map((name) => figures[name].title),
    Object.entries(point.peers)
      .filter(([peer]) => isMain(chart.suite, peer))
      .map(([peer, result]) => ({
        peer,
        values: percentiles.map((name) => spreadOf(result, name)?.median),
      })),
  );
}

function drawSweep(chart: Chart, { points }: ScenarioResult): string {
  const peers = [...new Set(points.flatMap((point) => Object.keys(point.peers)))];
  const medianOf = (result: PeerResult | undefined) => spreadOf(result, chart.figure)?.median;
  return drawLines(
    chart,
    points.map(({ at }) => (chart.axis === "bytes" ? bytes(at) : grouped(at))),
    peers.map((peer) => ({ peer, values: points.map((point) => medianOf(point.peers[peer])) })),
  );
}

/** Only the main peers get a line, since more lines could not be told apart. */
function isMain(suite: Suite, peer: string): boolean {
  return suite !== "rpc" || mainPeers.includes(peer);
}

interface Line {
  readonly peer: string;
  readonly values: readonly (number | undefined)[];
}

function drawLines(chart: Chart, labels: readonly string[], lines: readonly Line[]): string {
  const option = {
    title: titled(chart),
    grid: { left: 76, right: 110, top: 44, bottom: 30 },
    xAxis: { type: "category", data: labels, axisLabel: textStyle, axisLine: line, boundaryGap: false },
    yAxis: {
      type: "log",
      axisLabel: { ...textStyle, formatter: (value: number) => format(chart.figure, value) },
      splitLine: line,
    },
    series: lines.map(({ peer, values }) => ({
      type: "line",
      name: peer,
      data: withoutEnd(values).map((value) => value ?? null),
      symbol: "circle",
      symbolSize: 5,
      itemStyle: { color: colorOf(peer) },
      lineStyle: { color: colorOf(peer), ...lineOf(peer) },
      endLabel: { show: true, formatter: "{a}", ...textStyle, color: colorOf(peer), textBorderWidth: 0 },
      labelLayout: { moveOverlap: "shiftY" },
      z: lineOf(peer).width,
    })),
  };
  return draw(option, width, 380);
}

/** Leaves out missing values at the end, where the name of the line would be lost. */
function withoutEnd(values: readonly (number | undefined)[]): readonly (number | undefined)[] {
  return values.slice(0, values.findLastIndex((value) => value !== undefined) + 1);
}

function titled({ title }: Chart) {
  return { text: title, left: 8, top: 4, textStyle: { ...textStyle, fontSize: 14, fontWeight: "bold" } };
}
