import { availableParallelism, cpus } from "node:os";
import { formatCount, formatMs } from "../../terminal/figures.js";
import { reportStyle } from "./html-style.js";
import { callsPerSecond, circumstances, percentiles, perSecond, type Report, reportJson } from "./report.js";
import { escapeHtml, linearScale, logScale, type Point, percentileScale, spanScale, svgChart } from "./svg-chart.js";
import type { Interval } from "./tally.js";

/** Writes the report as one HTML file, which needs no other file, no network and no script. */
export function htmlReport(report: Report): string {
  const { tally, method } = report;
  const charts = tally.calls === 0 ? [] : [distribution(report), byPercentile(report), ...overTime(report)];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(method)}: ${formatCount(callsPerSecond(report))} calls/s</title>
<style>${reportStyle}</style>
</head>
<body>
<main>
<h1>${escapeHtml(method)}</h1>
<p class="about">${escapeHtml(about(report))}</p>
<dl class="figures">${figures(report).map(figure).join("")}</dl>
${errorTable(report)}
${charts.join("\n")}
<footer>${escapeHtml(machine())}. Written by vyra-ipc bench on ${report.date.toISOString()}.</footer>
</main>
<script type="application/json" id="result">${JSON.stringify(reportJson(report)).replaceAll("<", "\\u003c")}</script>
</body>
</html>
`;
}

function about(report: Report): string {
  const { requestBytes, measuredMs, socket } = report;
  const size = `${formatCount(requestBytes)} bytes each`;
  return `${circumstances(report)} for ${formatMs(measuredMs)}, ${size}, at ${socket}`;
}

function figures(report: Report): [name: string, value: string][] {
  const { tally, measuredMs } = report;
  const { latency } = tally;
  return [
    ["calls/s", formatCount(callsPerSecond(report))],
    ["calls", formatCount(tally.calls)],
    ...(tally.messages === tally.calls
      ? []
      : [["messages/s", formatCount(perSecond(tally.messages, measuredMs))] as [string, string]]),
    ...(report.rate === undefined ? [] : [["not made", formatCount(tally.unmade)] as [string, string]]),
    ["errors", formatCount(tally.failed)],
    ["mean", formatMs(latency.meanMs)],
    ...percentiles.map((p): [string, string] => [`p${p}`, formatMs(latency.quantileMs(p / 100))]),
    ["max", formatMs(latency.maxMs)],
  ];
}

function figure([name, value]: [string, string]): string {
  return `<div><dt>${name}</dt><dd>${value}</dd></div>`;
}

function errorTable({ tally: { errors } }: Report): string {
  if (errors.length === 0) {
    return "";
  }
  const rows = errors.map(
    ({ code, count, message }) =>
      `<tr><td>${escapeHtml(code)}</td><td>${formatCount(count)}</td><td>${escapeHtml(message)}</td></tr>`,
  );
  const head = "<tr><th>code</th><th>calls</th><th>first message</th></tr>";
  return `<section><h2>Errors</h2><table>${head}${rows.join("")}</table></section>`;
}

/** The number of bars in the histogram. */
const bars = 60;

function distribution({ tally: { latency } }: Report): string {
  const stretches = latency.spread(bars);
  const share = (count: number) => (count / latency.count) * 100;
  const chart = svgChart({
    x: logScale(stretches[0]?.fromMs ?? 0.001, stretches.at(-1)?.toMs ?? 1),
    y: linearScale(Math.max(...stretches.map(({ count }) => share(count)))),
    formatX: formatTick,
    formatY: (value) => `${Number(value.toPrecision(3))} %`,
    series: [
      {
        kind: "bars",
        style: "first",
        bars: stretches.map(({ fromMs, toMs, count }) => ({
          from: fromMs,
          to: toMs,
          value: share(count),
          title: `${formatMs(fromMs)} – ${formatMs(toMs)}: ${formatCount(count)} calls, ${share(count).toFixed(2)} %`,
        })),
      },
    ],
  });
  return section("How long calls took", "share of all calls by their latency", chart);
}

function byPercentile({ tally: { latency } }: Report): string {
  const steps = 80;
  const points = Array.from({ length: steps + 1 }, (_, i): Point => {
    const percentile = 100 - 100 * 10 ** ((-4 * i) / steps);
    const ms = latency.quantileMs(percentile / 100);
    return { x: percentile, y: ms, title: `${percentile.toFixed(percentile < 99 ? 1 : 3)} % within ${formatMs(ms)}` };
  });
  const chart = svgChart({
    x: percentileScale(),
    y: logScale(latency.minMs, latency.maxMs),
    formatX: (percentile) => `${percentile} %`,
    formatY: formatTick,
    series: [{ kind: "line", style: "first", points }],
  });
  return section("Latency by percentile", "this share of calls took no longer than", chart);
}

function overTime({ tally: { intervals }, measuredMs }: Report): string[] {
  const seconds = measuredMs / 1_000;
  const middle = ({ fromMs, toMs }: Interval) => (fromMs + toMs) / 2_000;
  const rate = ({ calls, fromMs, toMs }: Interval) => perSecond(calls, toMs - fromMs);
  const x = spanScale(seconds);
  const formatX = (value: number) => `${Number(value.toPrecision(3))} s`;
  const busy = intervals.filter(({ calls }) => calls > 0);
  const latencyLine = (style: string, name: string, of: (interval: Interval) => number) => ({
    kind: "line" as const,
    style,
    points: busy.map((one) => ({
      x: middle(one),
      y: of(one),
      title: `${name} ${formatMs(of(one))} at ${formatX(middle(one))}`,
    })),
  });
  const throughput = svgChart({
    x,
    y: linearScale(Math.max(...intervals.map(rate))),
    formatX,
    formatY: formatCount,
    series: [
      {
        kind: "line",
        style: "first",
        isFilled: true,
        points: intervals.map((one) => ({
          x: middle(one),
          y: rate(one),
          title: `${formatCount(rate(one))} calls/s at ${formatX(middle(one))}, ${formatCount(one.errors)} errors`,
        })),
      },
    ],
  });
  const latency = svgChart({
    x,
    y: logScale(Math.min(...busy.map(({ p50Ms }) => p50Ms)), Math.max(...busy.map(({ p99Ms }) => p99Ms))),
    formatX,
    formatY: formatTick,
    series: [latencyLine("first", "p50", ({ p50Ms }) => p50Ms), latencyLine("second", "p99", ({ p99Ms }) => p99Ms)],
  });
  return [
    section("Calls per second", "over the time measured", throughput),
    section("Latency over time", '<span class="first">p50</span> and <span class="second">p99</span>', latency),
  ];
}

/** Round values are written without decimals. */
function formatTick(ms: number): string {
  return formatMs(ms).replace(/\.0+(?= )/, "");
}

function section(title: string, remark: string, chart: string): string {
  return `<section><h2>${title}</h2><p class="remark">${remark}</p>${chart}</section>`;
}

function machine(): string {
  const model = cpus()[0]?.model.trim() || process.arch;
  return `Node.js ${process.version} on ${process.platform}, ${availableParallelism()} × ${model}`;
}
