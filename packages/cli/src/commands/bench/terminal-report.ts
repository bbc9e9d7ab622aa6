import { type Paint, padEnd, padStart } from "../../terminal/colors.js";
import { formatCount, formatMs } from "../../terminal/figures.js";
import { printable } from "../../terminal/printable.js";
import { callsPerSecond, circumstances, percentiles, perSecond, type Report } from "./report.js";

/** The number of lines of the histogram. */
const histogramLines = 14;

const widestBar = 40;

/** The columns that a line of the histogram needs beside its bar. */
const besideBar = 24;

/** Returns the report as lines for a terminal. */
export function reportLines(report: Report, paint: Paint, columns = 80): string[] {
  const { tally, measuredMs } = report;
  return [
    `${paint.bold(report.method)} at ${report.socket}`,
    `${circumstances(report)}, for ${formatMs(measuredMs)}`,
    "",
    figure("calls", tally.calls, callsPerSecond(report), paint),
    ...(tally.messages === tally.calls
      ? []
      : [figure("messages", tally.messages, perSecond(tally.messages, measuredMs), paint)]),
    ...(report.rate === undefined ? [] : [unmadeLine(report, paint)]),
    ...errorLines(report, paint),
    ...(tally.calls === 0 ? [] : ["", ...latencyLines(report, paint), "", ...histogram(report, paint, columns)]),
  ];
}

function figure(name: string, count: number, rate: number, paint: Paint): string {
  return `${padEnd(name, 10)}${padStart(formatCount(count), 12)}  ${paint.bold(`${formatCount(rate)}/s`)}`;
}

/** The calls that were due, but had to wait for others until the end. */
function unmadeLine({ tally: { unmade } }: Report, paint: Paint): string {
  const line = `${padEnd("not made", 10)}${padStart(formatCount(unmade), 12)}`;
  return unmade === 0 ? line : paint.red(line);
}

function errorLines({ tally }: Report, paint: Paint): string[] {
  const total = `${padEnd("errors", 10)}${padStart(formatCount(tally.failed), 12)}`;
  return [
    tally.failed === 0 ? total : paint.red(total),
    ...tally.errors.map(
      ({ code, count, message }) => `  ${padStart(formatCount(count), 20)}  ${paint.red(code)}: ${printable(message)}`,
    ),
  ];
}

function latencyLines({ tally: { latency } }: Report, paint: Paint): string[] {
  const spread = `mean ${formatMs(latency.meanMs)} ± ${formatMs(latency.deviationMs)}`;
  return [
    `latency   min ${formatMs(latency.minMs)}   ${spread}   max ${formatMs(latency.maxMs)}`,
    "",
    ...percentiles.map(
      (p) => `${padStart(`p${p}`, 9)}${padStart(paint.bold(formatMs(latency.quantileMs(p / 100))), 13)}`,
    ),
  ];
}

function histogram({ tally: { latency } }: Report, paint: Paint, columns: number): string[] {
  const barWidth = Math.max(1, Math.min(widestBar, columns - besideBar));
  const stretches = latency.spread(histogramLines);
  const most = Math.max(...stretches.map(({ count }) => count));
  return stretches.map(({ toMs, count }) => {
    const share = ((count / latency.count) * 100).toFixed(1);
    const drawn = padEnd(paint.cyan(bar(count / most, barWidth)), barWidth);
    return `${padStart(`≤ ${formatMs(toMs)}`, 12)}  ${drawn}  ${padStart(share, 5)} %`;
  });
}

/** Draws a bar that covers this share of the width, to an eighth of a column. A share above 0 is always visible. */
export function bar(share: number, width: number): string {
  const eighths = share === 0 ? 0 : Math.max(1, Math.round(share * width * 8));
  const rest = eighths % 8;
  return "█".repeat(Math.floor(eighths / 8)) + (rest === 0 ? "" : " ▏▎▍▌▋▊▉"[rest]);
}
