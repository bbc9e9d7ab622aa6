import type { JsonObject } from "@bufbuild/protobuf";
import type { Failure } from "../../failure.js";
import { type Paint, padEnd, padStart } from "../../terminal/colors.js";
import { formatBytes, formatCount, formatMs } from "../../terminal/figures.js";
import { printable } from "../../terminal/printable.js";
import type { MemoryHeld, MethodRate, ServerRate } from "./rates.js";

/** What is known of a server: its activity, the failure to ask for it, or nothing yet. */
export interface View {
  readonly name: string;
  readonly seen: ServerRate | Failure | undefined;
}

const headings = ["METHOD", "CALLS/S", "P50", "P99", "RUNNING", "ERRORS/S", "CALLS", "ERRORS"] as const;

/** The width of each column except the first. */
const cellWidth = 10;
const leastNameWidth = 24;

/** Returns the lines of a table for each server, fitted to this many columns. */
export function viewLines(views: readonly View[], paint: Paint, columns = Number.POSITIVE_INFINITY): string[] {
  const methods = views.flatMap(({ seen }) => (seen !== undefined && "methods" in seen ? seen.methods : []));
  const longest = Math.max(headings[0].length, ...methods.map(({ method }) => method.length));
  const room = columns - cellWidth * (headings.length - 1);
  const width = Math.min(longest, Math.max(leastNameWidth, room));
  return views.flatMap(({ name, seen }, index) => [
    ...(index > 0 ? [""] : []),
    ...serverLines(name, seen, width, paint),
  ]);
}

function serverLines(name: string, seen: View["seen"], width: number, paint: Paint): string[] {
  if (seen === undefined) {
    return [`${paint.bold(name)}  ${paint.dim("…")}`];
  }
  if (!("methods" in seen)) {
    return [`${paint.bold(name)}  ${paint.red(seen.message)}`];
  }
  const { callsPerSecond, errorsPerSecond, connections, memory, uptimeMs, methods } = seen;
  const errors = `${formatRate(errorsPerSecond)} errors/s`;
  const facts = [
    `${formatRate(callsPerSecond)} calls/s`,
    errorsPerSecond > 0 ? paint.red(errors) : errors,
    `${formatCount(connections)} ${connections === 1 ? "connection" : "connections"}`,
    ...(memory === undefined ? [] : [heldFact(memory, paint)]),
    `up ${formatMs(uptimeMs)}`,
  ];
  return [
    `${paint.bold(name)}  ${facts.join("   ")}`,
    paint.dim(row(headings, width)),
    ...methods.map((method) => methodLine(method, width, paint)),
  ];
}

/** The memory is shown in red from half of its limit on. */
function heldFact(
  { unreadBytes, unfinishedBytes, waitingBytes, fieldBytes, limitBytes }: MemoryHeld,
  paint: Paint,
): string {
  const held = unreadBytes + unfinishedBytes + waitingBytes + fieldBytes;
  const text = `${formatBytes(held)} waiting`;
  return held * 2 > limitBytes ? paint.red(`${text} of ${formatBytes(limitBytes)}`) : text;
}

function methodLine(rate: MethodRate, width: number, paint: Paint): string {
  const failed = (text: string, count: number) => (count > 0 ? paint.red(text) : text);
  return row(
    [
      shortened(printable(rate.method), width),
      formatRate(rate.callsPerSecond),
      rate.p50Ms === undefined ? "-" : formatMs(rate.p50Ms),
      rate.p99Ms === undefined ? "-" : formatMs(rate.p99Ms),
      formatCount(rate.inProgress),
      failed(formatRate(rate.errorsPerSecond), rate.errorsPerSecond),
      formatCount(rate.calls),
      failed(formatCount(rate.errors), rate.errors),
    ],
    width,
  );
}

function row([first, ...rest]: readonly string[], width: number): string {
  return padEnd(first ?? "", width) + rest.map((cell) => padStart(cell, cellWidth)).join("");
}

/** Shortens a method's name to the width of its column. The end of the name is kept, since it says the most. */
function shortened(name: string, width: number): string {
  return name.length <= width ? name : `…${name.slice(name.length - width + 1)}`;
}

/** Small rates have a decimal. */
function formatRate(perSecond: number): string {
  return perSecond > 0 && perSecond < 9.95 ? perSecond.toFixed(1) : formatCount(perSecond);
}

/** Returns the same in the form of `top --json`. */
export function viewJson({ name, seen }: View): JsonObject {
  if (seen === undefined || !("methods" in seen)) {
    return { socket: name, error: seen?.message ?? "nothing seen yet" };
  }
  return { ...definedOnly({ socket: name, ...seen }), methods: seen.methods.map(definedOnly) };
}

function definedOnly(rate: object): JsonObject {
  return Object.fromEntries(Object.entries(rate).filter(([, value]) => value !== undefined));
}
