import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Code, ConnectError } from "@connectrpc/connect";
import { type ChannelOptions, createChannel, NotProcessedError, type ServeOptions } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";

/** What each fault gets to work with. */
export interface Scene {
  /** A folder of its own. */
  readonly folder: string;
  /** Returns a path for a socket in the folder. */
  readonly socket: string;
  /** The server's engine. */
  readonly engine: NonNullable<ServeOptions["engine"]>;
  /** Whether the run should be short. */
  readonly quick: boolean;
}

/** Causes a fault and checks its consequences. Resolves to a sentence with figures; throws if a promise is broken. */
export type Fault = (scene: Scene) => Promise<string>;

/** Thrown if this machine lacks what the fault needs. */
export class CannotBeTried extends Error {}

/** How late an event may be on a busy machine, in milliseconds. */
export const slackMs = 3_000;

export function client(socket: string, options: ChannelOptions = {}) {
  const channel = createChannel(socket, { timeoutMs: 30_000, ...options });
  return { channel, echo: channel.client(EchoService), close: () => channel.close() };
}

export type EchoClient = ReturnType<typeof client>["echo"];

/** Makes a call on a new connection, to check that newcomers are served. */
export async function isServed(socket: string): Promise<number> {
  const { echo, close } = client(socket);
  const began = performance.now();
  try {
    assert.equal((await echo.unary({ text: "newcomer" })).text, "newcomer");
    return performance.now() - began;
  } finally {
    await close();
  }
}

/** Returns the error of a call that must fail with this code. */
export async function failsWith(call: Promise<unknown>, ...codes: Code[]): Promise<ConnectError> {
  const error = await call.then(
    () => assert.fail(`succeeded, which it must not: ${codes.map((code) => Code[code])}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ConnectError, `not a ConnectError: ${error}`);
  assert.ok(
    codes.includes(error.code),
    `${Code[error.code]} instead of ${codes.map((c) => Code[c])}: ${error.message}`,
  );
  return error;
}

export function wasNotProcessed(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof NotProcessedError) {
      return true;
    }
  }
  return false;
}

/** Returns how often each line occurs in the file. */
export function countLines(file: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of readFileSync(file, "utf8").split("\n")) {
    if (line !== "") {
      counts.set(line, (counts.get(line) ?? 0) + 1);
    }
  }
  return counts;
}

/** Calls without a pause, `width` of them at a time. */
export interface Load {
  readonly sent: number;
  readonly succeeded: ReadonlySet<string>;
  readonly failures: readonly { readonly id: string; readonly error: ConnectError }[];
  /** Stops, and waits for the calls in flight. */
  stop(): Promise<void>;
}

export function load(echo: EchoClient, width: number, { delayMs = 0, prefix = "c" } = {}): Load {
  const succeeded = new Set<string>();
  const failures: { id: string; error: ConnectError }[] = [];
  let sent = 0;
  let isOver = false;
  const callers = Array.from({ length: width }, async () => {
    while (!isOver) {
      const id = `${prefix}${sent++}`;
      try {
        const { text } = await echo.unary({ text: id, delayMs });
        assert.equal(text, id, "an answer to another call");
        succeeded.add(id);
      } catch (reason) {
        failures.push({ id, error: ConnectError.from(reason) });
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    }
  });
  return {
    get sent() {
      return sent;
    },
    succeeded,
    failures,
    async stop() {
      isOver = true;
      await Promise.all(callers);
    },
  };
}

/** Returns the resident memory of a process in MiB. */
export function rssMiB(pid: number): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) / 1024;
}

/** Returns the smallest value that is not exceeded by this share of all values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const ms = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
