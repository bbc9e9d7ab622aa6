import { bytesOf, Flag, FrameSplitter, magic, Type } from "../support/wire.js";
import type { Case } from "./case.js";
import { ClientApplication } from "./client-application.js";
import { exchangeOnce } from "./honest-exchange.js";
import { MemorySocket, turns } from "./memory-socket.js";
import { Allowance, OutputCheck } from "./output-check.js";
import { Random } from "./random.js";
import { ServerApplication } from "./server-application.js";
import type { Target } from "./target.js";

/** How many turns of the event loop to wait for what takes no time except turns. */
const patienceTurns = 300;

/** The last event of an application whose connection ended without an error. */
const orderly = "over undefined undefined";

/** Connections of ours over sockets in memory. Each case has its own. */
export const http2Target: Target = {
  async run(one) {
    const problem = await runActively(one);
    // However the bytes are cut into pieces, the outcome must be the same.
    return problem ?? (one.seed % 4 === 0 ? await compareCuts(one) : undefined);
  },

  async check() {
    const [client, server] = await exchangeOnce("well");
    return client === "well" && server === "well" ? undefined : `"well" came as ${server} and went back as ${client}`;
  },

  async [Symbol.asyncDispose]() {},
};

async function runActively(one: Case): Promise<string | undefined> {
  const random = new Random(one.seed);
  const run = new Run(one, random, false);
  const isSlow = random.chance(0.1); // a slow peer reads nothing for a while
  run.socket.isHeld = isSlow;
  await run.say(one.steps);
  if (isSlow) run.socket.release();
  await turns(2);
  await run.expectAnswer();
  await run.end(one.ending);
  return run.problems[0];
}

/** Sends the same bytes in one piece and byte by byte. The outcomes must not differ. */
async function compareCuts(one: Case): Promise<string | undefined> {
  const whole = Buffer.concat(one.steps.filter((step) => typeof step !== "number"));
  const pieces = whole.length < 3_000 ? Array.from(whole, (_, i) => whole.subarray(i, i + 1)) : one.steps;
  const seen: string[][] = [];
  for (const steps of [[whole], pieces]) {
    const run = new Run(one, new Random(one.seed), true);
    await run.say(steps);
    await run.end("end");
    if (run.problems[0] !== undefined) return run.problems[0];
    seen.push(run.application.seen);
  }
  const [first = [], second = []] = seen;
  const at = first.findIndex((line, i) => line !== second[i]);
  // A connection that is done closes at the end of a piece and not earlier, so the rest of the piece is still
  // processed.
  const isOrderly = [first.at(at), second.at(at)].includes(orderly);
  if (at === -1 || isOrderly) return undefined;
  return `in one piece and in many it is not the same: ${first.at(at)} and ${second.at(at)}, at event ${at}`;
}

/** One connection under test. */
class Run {
  readonly socket = new MemorySocket();
  readonly application: ServerApplication | ClientApplication;
  private readonly allowance = new Allowance();
  private readonly said = new FrameSplitter();
  private readonly check: OutputCheck;
  private magicLeft: number;
  private highestId = 0;
  /** Whether the caller reads the socket itself, into a buffer that it reuses. */
  private readonly readBuffer: Buffer | undefined;

  constructor(one: Case, random: Random, isPassive: boolean) {
    const isServer = one.kind === "server";
    this.check = new OutputCheck(!isServer, this.allowance);
    this.magicLeft = isServer ? magic.length : 0;
    this.socket.onWritten = (bytes) => this.check.push(bytes);
    this.readBuffer = !isPassive && random.chance(0.2) ? Buffer.alloc(65_536) : undefined;
    const options = {
      ...(isPassive ? {} : optionsFor(random)),
      ...(this.readBuffer && { reader: "caller" as const }),
    };
    if (this.readBuffer) this.socket.resume(); // the end of the socket must be noticed as well
    if (isServer) this.application = new ServerApplication(random, isPassive, this.socket, options);
    else {
      this.application = new ClientApplication(random, isPassive, this.socket, options);
      this.application.ask(one.requests);
    }
  }

  get problems(): readonly string[] {
    return [...this.application.problems, ...this.check.problems];
  }

  async say(steps: Case["steps"]): Promise<void> {
    await turns(2);
    for (const step of steps) {
      if (typeof step === "number") await turns(step);
      else this.deliver(step);
    }
    await turns(4);
  }

  /**
   * Checks that a connection that is open, and is not in the middle of a frame, acknowledges a PING, and that a server
   * answers a request.
   */
  async expectAnswer(): Promise<void> {
    const { application } = this;
    if (application.isClosed || this.magicLeft > 0 || !this.said.isBetween || this.said.count === 0) return;
    const name = "answer!!";
    this.deliver(bytesOf({ type: Type.PING, flags: 0, streamId: 0, payload: Buffer.from(name) }));
    const isRequest = application instanceof ServerApplication && this.highestId < 2 ** 31 - 3;
    const streamId = (this.highestId + 1) | 1;
    if (isRequest)
      this.deliver(bytesOf({ type: Type.HEADERS, flags: Flag.END_HEADERS, streamId, payload: badRequest }));
    const isAnswered = () =>
      application.isClosed ||
      (this.check.acknowledgedPings.includes(name) && (!isRequest || this.check.answered.has(streamId)));
    for (let waited = 0; !isAnswered(); waited++) {
      if (waited === patienceTurns) {
        application.problems.push("it is open, and does not answer any more");
        return;
      }
      await turns(1);
    }
  }

  /** Checks that the connection ends, whatever the cause, and reports its end. */
  async end(ending: Case["ending"]): Promise<void> {
    const { application, socket } = this;
    if (ending === "destroy") application.connection.destroy();
    if (ending === "reset") socket.deliverReset();
    if (ending === "close") {
      application.connection.close();
      await turns(4);
    }
    socket.deliverEnd();
    for (let waited = 0; !application.isClosed || !socket.closed; waited++) {
      if (waited === patienceTurns) {
        application.problems.push(
          `after ${ending} it does not end: ${application.isClosed ? "the socket" : "all of it"} is open`,
        );
        socket.destroy();
        return;
      }
      await turns(1);
    }
    this.check.end();
    application.settle();
  }

  private deliver(bytes: Buffer): void {
    const skipped = Math.min(this.magicLeft, bytes.length);
    this.magicLeft -= skipped;
    for (const frame of this.said.push(bytes.subarray(skipped))) {
      this.allowance.note(frame);
      this.highestId = Math.max(this.highestId, frame.streamId);
    }
    const { readBuffer, application, socket } = this;
    if (readBuffer === undefined) socket.deliver(bytes);
    else if (!socket.destroyed) {
      bytes.copy(readBuffer);
      application.connection.receive(readBuffer, 0, bytes.length);
      readBuffer.fill(0xee);
    }
  }
}

/** A malformed request: `:path` is missing. It is reset whatever the windows are, and whatever the application does. */
const badRequest = Buffer.from([0x82, 0x86]);

function optionsFor(random: Random) {
  if (random.chance(0.5)) return {};
  return {
    settings: {
      initialWindowSize: random.pick([0, 10, 65_535, 2 ** 20]),
      maxConcurrentStreams: random.pick([0, 1, 5, 100]),
      headerTableSize: random.pick([0, 64, 4_096]),
      maxFrameSize: random.pick([16_384, 100_000]),
      maxHeaderListSize: random.pick([200, 65_536]),
    },
    connectionWindowSize: random.pick([65_535, 100_000]),
    encoder: { huffman: random.chance(0.5), maxTableBytes: random.pick([0, 60, 4_096]) },
    maxWaitingBytes: random.pick([1_000, 2 ** 20]),
    earlyWriteBytes: random.pick([1, 1_024, 2 ** 30]),
  };
}
