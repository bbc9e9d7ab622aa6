/**
 * A process that serves when its parent tells it to, and is then killed, stopped or deprived of resources. For each
 * unary call that it finishes, it writes a line to the file `log` before the response is sent. It ends with its parent.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { type ServeOptions, type Server, serve } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { createEcho } from "../support/echo.js";
import type { Answer, Order, ServeOrder } from "./protocol.js";

let server: Server | undefined;
let held: number[] = [];

process.on("disconnect", () => process.exit());
process.on("message", (order: Order) => {
  switch (order.do) {
    case "serve":
      void start(order);
      return;
    case "close":
      void server?.close().then(() => answer({ did: "closed" }));
      return;
    case "hold descriptors":
      held = allDescriptors();
      held.splice(0, order.spare).forEach(closeSync);
      answer({ did: "held", count: held.length });
      return;
    case "free descriptors":
      held.forEach(closeSync);
      held = [];
      answer({ did: "freed" });
      return;
  }
});
answer({ did: "begun" });

function answer(message: Answer): void {
  process.send?.(message);
}

async function start({ log, clockJumps, options }: ServeOrder): Promise<void> {
  if (clockJumps) {
    letTheClockJump();
  }
  const logFd = log === undefined ? undefined : openSync(log, "a");
  const echo = createEcho();
  try {
    server = await serve({
      signals: false,
      routes(router) {
        router.service(EchoService, echo);
        router.rpc(EchoService.method.unary, async (request, context) => {
          if (request.text === "exhaust memory") {
            exhaustMemory();
          }
          const response = await echo.unary(request, context);
          if (logFd !== undefined) {
            writeSync(logFd, `${request.text}\n`);
          }
          return response;
        });
      },
      onError: (error) => answer({ did: "complained", message: String(error) }),
      ...(options as Pick<ServeOptions, "socket">),
    });
    const { address } = server;
    void server.closed.then(() => answer({ did: "ended" }));
    answer({ did: "serving", address, pid: process.pid });
  } catch (error) {
    const { name, message } = error as Error;
    answer({ did: "failed", name, message });
  }
}

/** From now on, each read of the clock is off by up to a day. */
function letTheClockJump(): void {
  const { now } = Date;
  Date.now = () => now() + (Math.random() - 0.5) * 2 * 86_400_000;
}

function exhaustMemory(): never {
  const all: number[][] = [];
  for (;;) {
    all.push(Array.from({ length: 100_000 }, Math.random));
  }
}

function allDescriptors(): number[] {
  const fds: number[] = [];
  try {
    for (;;) {
      fds.push(openSync("/dev/null", "r"));
    }
  } catch {
    return fds;
  }
}
