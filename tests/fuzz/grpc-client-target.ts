import net from "node:net";
import { join } from "node:path";
import { ConnectError } from "@connectrpc/connect";
import { createChannel, type Server, serve } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import type { Case } from "./case.js";
import { callNumber, channelOptions, echo, interceptor, patientMs, serverOptions } from "./grpc-calls.js";
import { turns } from "./memory-socket.js";
import { type Target, within } from "./target.js";

/** Channels of @vyra/ipc's direct engine, to which a mutated server responds. */
export class GrpcClientTarget implements Target {
  private current: Case | undefined;
  private connections = 0;
  private readonly sockets = new Set<net.Socket>();

  private constructor(
    private readonly listener: net.Server,
    private readonly path: string,
    /** A correct server. */
    private readonly server: Server,
    private readonly serverPath: string,
  ) {
    listener.on("connection", (socket) => this.answer(socket));
  }

  static async start(folder: string): Promise<GrpcClientTarget> {
    const path = join(folder, "liar.sock");
    const listener = net.createServer();
    await new Promise<void>((resolve) => listener.listen(path, resolve));
    const serverPath = join(folder, "honest.sock");
    const routes = {
      routes: (router: Parameters<Parameters<typeof serve>[0]["routes"]>[0]) => router.service(EchoService, echo),
    };
    const server = await serve({ ...serverOptions, ...routes, socket: serverPath });
    return new GrpcClientTarget(listener, path, server, serverPath);
  }

  async run(one: Case): Promise<string | undefined> {
    this.current = one;
    this.connections = 0;
    const interceptors = one.seed % 3 === 0 ? [interceptor] : [];
    const channel = createChannel(this.path, { ...channelOptions, interceptors, readMaxBytes: 100_000 });
    const client = channel.client(EchoService);
    const calls = Promise.allSettled(Array.from({ length: one.requests }, (_, n) => callNumber(n, client)));
    try {
      if (one.ending === "close") {
        await turns(20);
        await channel.close();
      }
      const outcomes = await within(patientMs, "for all calls to end", calls);
      for (const outcome of outcomes) {
        const problem = outcome.status === "rejected" ? problemOf(outcome.reason) : undefined;
        if (problem !== undefined) return problem;
      }
      await within(patientMs, "to close the channel", channel.close());
      const closed = [...this.sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
      await within(patientMs, "for the channel to close its connections", Promise.all(closed));
    } finally {
      await channel.close();
      for (const socket of this.sockets) socket.destroy();
    }
    return undefined;
  }

  async check(): Promise<string | undefined> {
    await using channel = createChannel(this.serverPath, { ...channelOptions, timeoutMs: patientMs });
    const { text } = await channel.client(EchoService).unary({ text: "well" });
    return text === "well" ? undefined : `an honest server's answer came as ${text}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.listener.close();
    await this.server.close();
  }

  private answer(socket: net.Socket): void {
    this.sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.sockets.delete(socket));
    const one = this.current;
    // A call that was not processed is repeated on another connection. That connection gets the same bytes, but only a
    // few times.
    if (one === undefined || ++this.connections > 3) {
      socket.destroy();
      return;
    }
    socket.once("data", () => void this.say(socket, one));
    socket.resume();
  }

  private async say(socket: net.Socket, { steps, ending }: Case): Promise<void> {
    await turns(1);
    for (const step of steps) {
      if (typeof step === "number") await turns(step);
      else if (socket.writable) socket.write(step);
    }
    await turns(3);
    if (ending === "end") socket.end();
    else if (ending === "reset") socket.destroy();
    // Otherwise it sends nothing more, and the calls end at their deadline or when the channel is closed.
  }
}

/** Checks that a failed call has a ConnectError that is not caused by a defect of ours. */
function problemOf(error: unknown): string | undefined {
  if (!(error instanceof ConnectError)) return `a call failed with ${error instanceof Error ? error.stack : error}`;
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (/Cannot read|is not a function|not iterable|undefined|internal error/i.test(cause.message)) {
      return `a call failed with ${cause.stack}`;
    }
  }
  return undefined;
}
