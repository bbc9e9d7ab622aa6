import { Failure } from "../../failure.js";
import { connectTo } from "../../server/connection.js";
import { failureOf } from "../../server/failure-of.js";
import { paintFor } from "../../terminal/colors.js";
import { interrupted, pause } from "../../terminal/interrupt.js";
import { print, printJson } from "../../terminal/output.js";
import { openScreen } from "../../terminal/screen.js";
import type { TopFlags } from "./flags.js";
import { type View, viewJson, viewLines } from "./view.js";
import { WatchedServer } from "./watched-server.js";

export async function run(sockets: string[], flags: TopFlags): Promise<void> {
  const connections = sockets.map((socket) => connectTo(socket, flags));
  try {
    const servers = connections.map(
      (connection, index) => new WatchedServer(sockets[index] as string, connection, flags.all ?? false),
    );
    await assertAnyAnswers(servers);
    if (process.stdout.isTTY && !flags.json) {
      await drawSamples(servers, flags);
    } else {
      await printSamples(servers, flags);
    }
  } finally {
    await Promise.all(connections.map((connection) => connection[Symbol.asyncDispose]()));
  }
}

/** A server that is unreachable may come back, but if no server answers at the start, that is reported as a failure. */
async function assertAnyAnswers(servers: readonly WatchedServer[]): Promise<void> {
  const views = await Promise.all(servers.map(viewOf));
  const failures = views.map(({ seen }) => seen).filter((seen) => seen instanceof Failure);
  if (failures.length === servers.length) {
    throw failures[0];
  }
}

async function drawSamples(servers: readonly WatchedServer[], { interval, count }: TopFlags): Promise<void> {
  const paint = paintFor(process.stdout);
  const footer = ["", paint.dim(`every ${interval / 1_000} s; press q to quit`)];
  const quit = new AbortController();
  const screen = openScreen(() => quit.abort());
  const draw = (views: readonly View[]) => screen.draw((columns) => [...viewLines(views, paint, columns), ...footer]);
  draw(servers.map(({ name }) => ({ name, seen: undefined })));
  try {
    await sampleRepeatedly(servers, interval, count, quit.signal, draw);
  } finally {
    screen.close();
  }
}

async function printSamples(servers: readonly WatchedServer[], { interval, count, json }: TopFlags): Promise<void> {
  const paint = paintFor(process.stdout);
  await sampleRepeatedly(servers, interval, count, interrupted, (views) => {
    if (json) {
      for (const view of views) {
        printJson(viewJson(view));
      }
    } else {
      print([...viewLines(views, paint), ""].join("\n"));
    }
  });
}

async function sampleRepeatedly(
  servers: readonly WatchedServer[],
  intervalMs: number,
  times: number | undefined,
  stop: AbortSignal,
  show: (views: readonly View[]) => void,
): Promise<void> {
  for (let i = 0; i !== times; i++) {
    await pause(intervalMs, stop);
    if (interrupted.aborted || stop.aborted) {
      return;
    }
    const views = await Promise.all(servers.map(viewOf));
    if (!interrupted.aborted) {
      show(views);
    }
  }
}

async function viewOf(server: WatchedServer): Promise<View> {
  try {
    return { name: server.name, seen: await server.sample() };
  } catch (error) {
    return { name: server.name, seen: failureOf(error) };
  }
}
