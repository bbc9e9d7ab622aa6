import { existsSync } from "node:fs";
import { type CallOptions, ConnectError } from "@connectrpc/connect";
import { createChannel, IpcHandler, resolveSocket } from "@vyra/ipc";
import { BackendService, type CommandResponse, type InitResponse, ModuleService } from "@vyra/ipc/proto";
import { type ChildProcess, type EndCause, start } from "./child-process.js";
import { demoConfigPath } from "./config.js";
import { codeName, formatMicroseconds, microsecondsSince } from "./format.js";
import { report, step } from "./report.js";
import type { Status } from "./status-feed.js";
import { followStatus, processText, until } from "./visitor.js";
import type { Processed } from "./web-server.js";

/** What there is to see, step by step. Whatever is under way fails when the signal is aborted. */
export async function tour(module: string, signal: AbortSignal): Promise<void> {
  step("Start a frontend and a backend, each a process of its own");
  await using frontend = await report("frontend", () => start("frontend", module, signal), describeStart);
  await using backend = await report("backend", () => start("backend", module, signal), describeStart);

  step("Set the backend up, as its supervisor: ModuleService");
  await using channel = createChannel(module);
  await report(
    "connect",
    () => channel.ready({ timeoutMs: 5_000, signal }),
    () => `the channel is ${channel.state}`,
  );
  const supervised = channel.client(ModuleService);
  const initialize = (configPath: string) => supervised.initialize({ configPath }, { signal });
  await report("Initialize", () => initialize("/nowhere.json"), describeInit);
  await report("Initialize", () => initialize(demoConfigPath), describeInit);
  const repeat = { command: "repeat", parameters: { text: "ipc", times: "3" } };
  await report("ExecuteCommand", () => supervised.executeCommand(repeat, { signal }), describeCommand);
  const dance = { command: "dance" };
  await report("ExecuteCommand", () => supervised.executeCommand(dance, { signal }), describeCommand);
  await using handler = new IpcHandler({ socket: module, service: ModuleService }); // calls methods by their names
  await handler.connect({ signal });
  const getConfig = () => handler.callMethod("GetData", { data: "config" }, { signal });
  await report("GetData", getConfig, ({ result }) => result);

  step("Visit the page, for which the frontend calls the backend: BackendService");
  const page = frontend.readyLine.slice("page at ".length);
  const statuses = followStatus(page, signal);
  const isReady = (status: Status) => status.state === "up" && status.status === "ready";
  const isDown = (status: Status) => status.state === "down";
  await report("live status", () => until(isReady, statuses), describeStatus);
  const send = () => processText(page, "Two processes, one socket.", signal);
  await report("text to process", send, describeProcessed);

  step("Call GetStatus 500 times, one after the other");
  const backendService = channel.client(BackendService);
  const getStatus = (options?: CallOptions) => backendService.getStatus({}, { signal, ...options });
  await report("GetStatus, 500 times", () => latenciesOf(getStatus, 500), describeLatencies);

  step("Freeze the backend (SIGSTOP): no call waits for ever");
  backend.send("SIGSTOP");
  await report("GetStatus", () => failureOf(getStatus({ timeoutMs: 100 })), describeFailure);
  backend.send("SIGCONT");
  await report("GetStatus", getStatus, ({ status }) => `${status}, after SIGCONT`);

  step("Kill the backend (SIGKILL): the page tells, and calls fail at once");
  await report("backend", () => backend.end("SIGKILL"), describeEnd);
  await report("live status", () => until(isDown, statuses), describeStatus);
  await report("GetStatus", () => failureOf(getStatus()), describeFailure);

  step("Start the backend again: page and channel recover by themselves");
  await using successor = await report("backend", () => start("backend", module, signal), describeStart);
  await report("Initialize", () => initialize(demoConfigPath), describeInit);
  await report("live status", () => until(isReady, statuses), describeStatus);

  step("End both (SIGTERM)");
  await report("frontend", () => frontend.end("SIGTERM"), describeEnd);
  await report("backend", () => successor.end("SIGTERM"), describeEnd);
  const { path } = resolveSocket(module);
  if (path !== undefined && existsSync(path)) {
    throw new Error(`the backend left its socket behind at ${path}`);
  }
}

/** The latency of each of so many calls, in microseconds, sorted. */
async function latenciesOf(call: () => Promise<unknown>, times: number): Promise<number[]> {
  const latencies: number[] = [];
  while (latencies.length < times) {
    const start = performance.now();
    await call();
    latencies.push(microsecondsSince(start));
  }
  return latencies.sort((a, b) => a - b);
}

/** The error of a call that is meant to fail. */
function failureOf(call: Promise<unknown>): Promise<ConnectError> {
  return call.then(
    () => Promise.reject(new Error("the call succeeded")),
    (error) => ConnectError.from(error),
  );
}

function describeStart({ pid, readyLine }: ChildProcess): string {
  return `pid ${pid}, ${readyLine}`;
}

function describeEnd(cause: EndCause): string {
  return typeof cause === "string" ? `ended by ${cause}` : `ended with status ${cause}`;
}

function describeInit({ success, message }: InitResponse): string {
  return `${success ? "success" : "failure"}: ${message}`;
}

function describeCommand({ statusCode, result }: CommandResponse): string {
  return `${statusCode}: ${result}`;
}

function describeStatus(status: Status): string {
  return status.state === "up"
    ? `${status.status}, up for ${status.uptimeSeconds} s`
    : `${status.code}: ${status.message}`;
}

function describeProcessed({ report, latencyUs }: Processed): string {
  return `${report.words} words, ${report.upperCase} (ProcessData took ${formatMicroseconds(latencyUs)} of it)`;
}

function describeLatencies(sorted: readonly number[]): string {
  const quantile = (q: number) => formatMicroseconds(sorted[Math.floor(q * (sorted.length - 1))] ?? 0);
  return `fastest ${quantile(0)}, median ${quantile(0.5)}, 99th percentile ${quantile(0.99)}`;
}

function describeFailure({ code, rawMessage }: ConnectError): string {
  return `${codeName(code)}: ${rawMessage}`;
}
