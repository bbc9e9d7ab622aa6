import { writeFile } from "node:fs/promises";
import { type DescMethod, type Message, toBinary } from "@bufbuild/protobuf";
import { chooseSource } from "../../descriptors/choose.js";
import { findMethod, methodName } from "../../descriptors/find-method.js";
import { Failure, usage } from "../../failure.js";
import { parseHeaders } from "../../grammar/headers.js";
import { requestStream, singleRequest } from "../../messages/requests.js";
import { callMethod, streamOf, takesStream } from "../../server/call-method.js";
import { type Connection, connectTo, defaultTimeoutMs, failureAt } from "../../server/connection.js";
import { paintFor } from "../../terminal/colors.js";
import { formatCount } from "../../terminal/figures.js";
import { interrupted } from "../../terminal/interrupt.js";
import { note, print, printJson } from "../../terminal/output.js";
import type { BenchFlags } from "./flags.js";
import { htmlReport } from "./html-report.js";
import { runLoad } from "./load.js";
import { opaqueMessage, opaqueMethod } from "./opaque.js";
import { progressLine } from "./progress.js";
import { type Report, reportJson } from "./report.js";
import { reportLines } from "./terminal-report.js";

const longestWarmUpMs = 1_000;

/** The number of calls that are open at a time by default. At a rate, it only has to bound the memory. */
const defaultConcurrency = { closedLoop: 64, atRate: 1_000 };

export async function run(
  socket: string,
  name: string,
  argument: string | undefined,
  flags: BenchFlags,
): Promise<void> {
  const headers = parseHeaders(flags.header);
  await using connection = connectTo(socket, flags, { connections: flags.connections });
  const { method, requests } = await prepare(connection, name, argument, flags);
  const timeoutMs = flags.timeout ?? defaultTimeoutMs;
  await tryOnce(connection, method, requests, headers, timeoutMs);
  if (flags.html !== undefined) {
    await write(flags.html, "", "a"); // a file that cannot be written is reported before the load, not after it
  }

  const { rate } = flags;
  const concurrency =
    flags.concurrency ?? (rate === undefined ? defaultConcurrency.closedLoop : defaultConcurrency.atRate);
  const progress = progressLine();
  const date = new Date();
  const { tally, measuredMs } = await runLoad({
    connection,
    method: opaqueMethod(method),
    requests: requests.map((request) => opaqueMessage(method, request)),
    headers,
    timeoutMs,
    concurrency,
    rate,
    warmUpMs: flags.warmup ?? Math.min(longestWarmUpMs, flags.duration / 10),
    durationMs: flags.duration,
    onProgress: progress.show,
  });
  progress.end();

  const report: Report = {
    socket: connection.path,
    method: methodName(method),
    kind: method.methodKind,
    concurrency,
    ...(rate !== undefined && { rate }),
    connections: flags.connections,
    requestBytes: requests.reduce((sum, request) => sum + toBinary(method.input, request).length, 0),
    date,
    tally,
    measuredMs,
  };
  await show(report, flags);
  if (tally.failed > 0) {
    throw someFailed(report);
  }
}

interface Work {
  readonly method: DescMethod;
  readonly requests: readonly Message[];
}

async function prepare(
  connection: Connection,
  name: string,
  argument: string | undefined,
  flags: BenchFlags,
): Promise<Work> {
  await using source = await chooseSource(connection, flags, flags.timeout);
  const method = await findMethod(source, name);
  if (!takesStream(method)) {
    return { method, requests: [await singleRequest(method, argument, source)] };
  }
  const requests: Message[] = [];
  for await (const request of requestStream(method, argument ?? "{}", source)) {
    requests.push(request);
  }
  return { method, requests };
}

/** Makes one call before the load, so that a mistake that would fail every call is reported once and at once. */
async function tryOnce(
  connection: Connection,
  method: DescMethod,
  requests: readonly Message[],
  headers: Headers,
  timeoutMs: number,
): Promise<void> {
  try {
    const input = takesStream(method) ? streamOf(requests) : (requests[0] as Message);
    const answer = await callMethod(connection, method, input, { headers, timeoutMs, signal: interrupted });
    for await (const _ of answer.messages) {
      // Only the status of the call matters here.
    }
  } catch (error) {
    throw failureAt(connection, error);
  }
}

async function show(report: Report, flags: BenchFlags): Promise<void> {
  if (flags.html !== undefined) {
    await write(flags.html, htmlReport(report));
  }
  if (flags.json) {
    printJson(reportJson(report));
    return;
  }
  for (const line of reportLines(report, paintFor(process.stdout), process.stdout.columns)) {
    print(line);
  }
  if (flags.html !== undefined) {
    note(`wrote ${flags.html}`);
  }
}

async function write(file: string, text: string, flag: "a" | "w" = "w"): Promise<void> {
  try {
    await writeFile(file, text, { flag });
  } catch (error) {
    throw usage(`cannot write ${file} (${(error as NodeJS.ErrnoException).code})`);
  }
}

function someFailed({ tally, socket }: Report): Failure {
  const { errors, failed, calls } = tally;
  const isUnreachable = calls === 0 && errors.every(({ code }) => code === "UNREACHABLE");
  return new Failure(
    isUnreachable ? "unreachable" : "failed",
    `${formatCount(failed)} of ${formatCount(failed + calls)} calls to ${socket} failed`,
  );
}
