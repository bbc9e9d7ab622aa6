import type { Socket } from "node:net";
import { notifyManager } from "../../address/index.js";
import { delay as pause, performance } from "../../time/real-timers.js";
import { type ListenAddress, listenAddressOf } from "../name/listen-address.js";
import { createListener } from "../name/listener.js";
import { type OwnedName, takeName } from "../name/owned-name.js";
import { logError, type OnError, safely } from "../on-error.js";
import { connectionLimitsOf, graceMsOf, routerOptions, type ServeOptions } from "../options.js";
import { closeOnSignal } from "../signals.js";
import { flushTimeoutMs } from "../unbound-server.js";
import { Member } from "./member.js";
import type { ClusterPrimary } from "./types.js";

/** The primary's half of `serveCluster()`: has the name, accepts connections, gives them to workers, and sees that there are enough. */
export async function serveAsPrimary(options: ServeOptions, count: number): Promise<ClusterPrimary> {
  if (hasCluster) {
    throw new Error(
      "this process has a cluster already: node:cluster knows one kind of workers; close the other one first",
    );
  }
  hasCluster = true;
  const primary = new Primary(options, count);
  try {
    await primary.start();
    return primary;
  } catch (error) {
    await primary.close();
    throw error;
  }
}

/** Whether this process has a cluster. */
let hasCluster = false;

/** A worker that lived for less than this, in milliseconds, died at once: the next one probably will, too. */
const shortLifeMs = 1_000;
const firstBackoffMs = 50;
const maxBackoffMs = 5_000;

/** What a worker's process may take beyond the grace period of its calls, in milliseconds, before it is taken to be stuck. */
const stuckMs = 1_000;

class Primary implements ClusterPrimary {
  readonly role = "primary";
  readonly address: string;
  readonly closed: Promise<void>;
  readonly #onError: OnError;
  readonly #address: ListenAddress;
  readonly #graceMs: number;
  readonly #listener = createListener((socket) => this.#give(socket.on("error", () => {})), { pauseOnConnect: true });
  /** All processes that have not ended; who has waited longest for a connection comes first. */
  #members: Member[] = [];
  /** How many workers are about to be: starting, or waiting to be started after a failure. */
  #coming = 0;
  /** How many workers in a row died at once. */
  #shortLives = 0;
  /** Connections for which there is no worker at the moment. */
  readonly #waiting = new Set<Socket>();
  #ownedName: Promise<OwnedName> | undefined;
  #restarting: Promise<void> = Promise.resolve();
  readonly #closing = new AbortController();
  #onClosed = () => {};
  #ignoreSignals = () => {};

  constructor(
    private readonly options: ServeOptions,
    private readonly count: number,
  ) {
    this.#onError = safely(options.onError ?? logError);
    this.#graceMs = graceMsOf(options) + flushTimeoutMs + stuckMs;
    try {
      routerOptions(options, this.#closing.signal); // throws here for what would make every worker fail
      this.#address = listenAddressOf(options);
    } catch (error) {
      hasCluster = false;
      throw error;
    }
    this.address = this.#address.address;
    this.closed = new Promise((resolve) => {
      this.#onClosed = resolve;
    });
  }

  /** Takes the name first, which fails at once if it is somebody else's; but a running server's only when it can be replaced. */
  async start(): Promise<void> {
    if (this.options.signals !== false) {
      this.#ignoreSignals = closeOnSignal(() => this.close());
    }
    const takeover = this.options.takeover ?? false;
    if (!takeover) {
      await this.#takeName(takeover);
    }
    if (!this.#isClosing) {
      await Promise.all(Array.from({ length: this.count }, () => this.#startOne()));
    }
    if (takeover && !this.#isClosing) {
      await this.#takeName(takeover);
    }
    if (!this.#isClosing) {
      notifyManager("READY=1");
    }
  }

  get workers() {
    return this.#serving.map(({ pid, connections }) => ({ pid, connections }));
  }

  restart(): Promise<void> {
    const run = () => this.#replaceAll();
    this.#restarting = this.#restarting.then(run, run);
    return this.#restarting;
  }

  close(): Promise<void> {
    if (!this.#isClosing) {
      this.#closing.abort();
      notifyManager("STOPPING=1");
      void this.#shutDown().then(this.#onClosed, this.#onClosed);
    }
    return this.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  get #serving(): Member[] {
    return this.#members.filter(({ state }) => state === "serving");
  }

  async #takeName(takeover: boolean): Promise<void> {
    this.#ownedName = takeName(this.#address, this.#listener, {
      takeover,
      onHandedOver: () => void this.close(),
      onLost: (error) => {
        this.#report(error);
        void this.close();
      },
    });
    await this.#ownedName;
  }

  /** The name first, then the queue and the listener, then the workers, all at once. */
  async #shutDown(): Promise<void> {
    await this.#ownedName?.then(
      (ownedName) => ownedName.end(),
      () => {}, // it never had the name
    );
    for (const member of this.#members) {
      if (member.state !== "leaving") {
        member.retire(this.#graceMs);
      }
    }
    await Promise.all(this.#members.map(({ ended }) => ended));
    for (const socket of this.#waiting) {
      socket.destroy();
    }
    hasCluster = false;
    this.#ignoreSignals();
  }

  #handOver(socket: Socket): void {
    if (this.#isClosing) {
      socket.destroy();
    } else {
      void this.#ownedName?.then((ownedName) => ownedName.handOver(socket));
    }
  }

  /** Gives a connection to the worker that has the fewest; among equals, they take turns. */
  #give(socket: Socket): void {
    const [first, ...others] = this.#serving;
    if (first === undefined) {
      this.#keep(socket);
      return;
    }
    const best = others.reduce((a, b) => (b.connections < a.connections ? b : a), first);
    this.#members.splice(this.#members.indexOf(best), 1);
    this.#members.push(best);
    best.give(socket);
  }

  #keep(socket: Socket): void {
    if (this.#isClosing || this.#waiting.size >= connectionLimitsOf(this.options).maxPendingConnections) {
      socket.destroy();
      return;
    }
    this.#waiting.add(socket);
  }

  async #replaceAll(): Promise<void> {
    for (const old of this.#serving) {
      if (this.#isClosing) {
        return;
      }
      await this.#startOne().finally(() => this.#refill());
      if (old.state === "serving") {
        old.retire(this.#graceMs);
        await old.ended;
      }
    }
  }

  /** Starts a worker, which is counted meanwhile, and waits until it serves. */
  async #startOne(): Promise<void> {
    this.#coming++;
    try {
      await this.#start();
    } finally {
      this.#coming--;
    }
  }

  async #start(): Promise<void> {
    try {
      const member = new Member({
        onLeaving: (leaving) => {
          leaving.retire(this.#graceMs);
          this.#refill();
        },
        onReturned: (socket) => this.#give(socket),
        onTakeover: (socket) => this.#handOver(socket),
        onEnd: (ended, how) => this.#onEnd(ended, how),
      });
      this.#members.unshift(member);
      await member.ready;
    } catch (error) {
      if (!this.#isClosing) {
        throw error;
      }
    }
    for (const socket of [...this.#waiting]) {
      this.#waiting.delete(socket);
      this.#give(socket);
    }
  }

  #onEnd(member: Member, how: string): void {
    this.#members.splice(this.#members.indexOf(member), 1);
    if (member.state !== "lost" || this.#isClosing) {
      return; // as it was told to, or who started it knows
    }
    this.#shortLives = performance.now() - member.readyAt < shortLifeMs ? this.#shortLives + 1 : 0;
    this.#report(
      new Error(`worker ${member.pid} ended ${how}: the calls that it held are lost, another takes its place`),
    );
    this.#refill();
  }

  /** Sees that there are enough workers, or will be. */
  #refill(): void {
    while (!this.#isClosing && this.#serving.length + this.#coming < this.count) {
      void this.#replace();
    }
  }

  async #replace(): Promise<void> {
    this.#coming++;
    try {
      for (;;) {
        await this.#backOff();
        try {
          if (!this.#isClosing) {
            await this.#start();
          }
          return;
        } catch (error) {
          this.#shortLives++;
          this.#report(error);
        }
      }
    } finally {
      this.#coming--;
    }
  }

  /** Pauses for as long as it is wise after workers that died at once: not at all after the first. */
  async #backOff(): Promise<void> {
    const backoffMs = this.#shortLives < 2 ? 0 : Math.min(maxBackoffMs, firstBackoffMs * 2 ** (this.#shortLives - 2));
    await pause(backoffMs, undefined, { signal: this.#closing.signal }).catch(() => {});
  }

  #report(error: unknown): void {
    this.#onError(error, { method: "serveCluster" });
  }
}
