import { once } from "node:events";
import net from "node:net";
import { join } from "node:path";
import { type Channel, createChannel, type ServeOptions, type Server, serve } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { bytesOf, type Frame, FrameSplitter, magic, Type } from "../support/wire.js";
import type { Case } from "./case.js";
import { callNumber, channelOptions, compressing, echo, interceptor, patientMs, serverOptions } from "./grpc-calls.js";
import { turns } from "./memory-socket.js";
import { Allowance, OutputCheck } from "./output-check.js";
import { type Target, within } from "./target.js";

/** A server of @vyra/ipc's direct engine, which gets mutated requests over its socket. */
export class GrpcServerTarget implements Target {
  private constructor(
    /** One server without interceptors, and one with. */
    private readonly servers: readonly Server[],
    private readonly paths: readonly string[],
    /** Correct clients, which call all the time. */
    private readonly channels: readonly Channel[],
    private readonly problems: string[],
  ) {}

  static async start(folder: string): Promise<GrpcServerTarget> {
    const problems: string[] = [];
    const options: Omit<ServeOptions, "socket"> = {
      ...serverOptions,
      readMaxBytes: 100_000,
      // The handlers throw nothing except the errors that they are asked for.
      onError: (error) => problems.push(`onError: ${error instanceof Error ? error.stack : error}`),
      routes: (router) => router.service(EchoService, echo),
    };
    const paths = ["plain", "intercepted"].map((name) => join(folder, `${name}.sock`));
    const servers = await Promise.all(
      paths.map((socket, i) => serve({ ...options, socket, interceptors: i === 0 ? [] : [interceptor] })),
    );
    const channels = paths.map((path) => createChannel(path, channelOptions));
    return new GrpcServerTarget(servers, paths, channels, problems);
  }

  async run(one: Case): Promise<string | undefined> {
    const socket = net.connect(this.paths[one.seed % 3 === 0 ? 1 : 0] as string);
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.on("error", () => {}); // a reset counts as an end
    const allowance = new Allowance();
    const check = new OutputCheck(false, allowance, (fields, isLast) => this.checkAnswer(fields, isLast));
    socket.on("data", (bytes) => check.push(bytes));
    await once(socket, "connect");
    const said = new FrameSplitter();
    let magicLeft = magic.length;
    const say = (bytes: Buffer) => {
      const skipped = Math.min(magicLeft, bytes.length);
      magicLeft -= skipped;
      for (const frame of said.push(bytes.subarray(skipped))) allowance.note(frame);
      if (socket.writable) socket.write(bytes);
    };
    for (const step of one.steps) {
      if (typeof step === "number") await turns(step);
      else say(step);
    }
    try {
      if (magicLeft === 0 && said.isBetween && said.count > 0 && !socket.closed) {
        say(bytesOf(ping));
        const isAnswered = () => socket.destroyed || socket.readableEnded || check.acknowledgedPings.includes(pingName);
        for (const giveUpAt = Date.now() + patientMs; !isAnswered(); await turns(1)) {
          if (Date.now() > giveUpAt) return "the connection is open, and does not answer any more";
        }
      }
      if (one.ending === "end" || one.ending === "close") socket.end();
      else socket.destroy();
      await within(patientMs, "for the server to close its end", closed);
    } finally {
      socket.destroy();
    }
    return this.problems.shift() ?? check.problems[0];
  }

  async check(): Promise<string | undefined> {
    await using fresh = createChannel(this.paths[0] as string, compressing);
    for (const channel of [...this.channels, fresh]) {
      for (let n = 0; n < 7; n++) {
        const [outcome] = await Promise.allSettled([callNumber(n, channel.client(EchoService), patientMs)]);
        const isMeantToFail = n === 4 || n === 6;
        if ((outcome?.status === "rejected") !== isMeantToFail)
          return `call ${n} that means well: ${JSON.stringify(outcome)}`;
      }
    }
    return this.problems.shift();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.channels.map((channel) => channel.close()));
    await Promise.all(this.servers.map((server) => server.close()));
  }

  /**
   * Checks that the last fields of a gRPC response have a status, and that the caller does not learn of a handler's
   * defect.
   */
  private checkAnswer(fields: ReadonlyMap<string, string>, isLast: boolean): void {
    const type = fields.get("content-type") ?? "";
    if (!isLast || !/^application\/grpc($|\+)/.test(type)) return;
    const status = fields.get("grpc-status");
    if (status === undefined || !/^\d+$/.test(status) || Number(status) > 16) {
      this.problems.push(`an answer ended with grpc-status ${status}: ${JSON.stringify([...fields])}`);
    }
    const message = fields.get("grpc-message") ?? "";
    if (/Cannot read|is not a function|not iterable|internal error/i.test(message))
      this.problems.push(`the answer ${message}`);
  }
}

const pingName = "answer!!";
const ping: Frame = { type: Type.PING, flags: 0, streamId: 0, payload: Buffer.from(pingName) };
