import type { Socket } from "node:net";
import { notifyManager } from "../../address/index.js";
import { delay as pause, performance } from "../../time/real-timers.js";
import { type ListenAddress, listenAddressOf } from "../name/listen-address.js";
import { createListener } from "../name/listener.js";
import { type OwnedName, takeName } from "../name/owned-name.js";
import type { OnError } from "../on-error.js";
import type { ResolvedServeOptions } from "../resolve-options.js";
import { closeOnSignal } from "../signals.js";
import { flushTimeoutMs } from "../unbound-server.js";
import { Member } from "./member.js";
import type { ClusterPrimary } from "./types.js";

/**
 * Runs `serveCluster()` in the primary: it owns the name, accepts connections, passes them to workers, and keeps up the
 * number of workers.
 */
export async function serveAsPrimary(options: ResolvedServeOptions, count: number): Promise<ClusterPrimary> {
  if (hasCluster) {
    throw new Error(
      "this process has a cluster already, and node:cluster supports only one: close the other one first",
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

/**
 * A worker that served for less than this, in milliseconds, failed at once. Its replacement probably will, too, so it
 * is started after a backoff.
 */
const shortLifeMs = 1_000;
const firstBackoffMs = 50;
const maxBackoffMs = 5_000;

/**
 * How long a worker's process may take beyond the grace period of its calls, in milliseconds, before it is considered
 * stuck.
 */
const exitGraceMs = 1_000;

class Primary implements ClusterPrimary {
  readonly role = "primary";
  readonly address: string;
  readonly closed: Promise<void>;
  readonly #onError: OnError;
  readonly #address: ListenAddress;
  readonly #graceMs: number;
  readonly #listener = createListener((socket) => this.#give(socket.on("error", () => {})), { pauseOnConnect: true });
  /** All processes that have not ended. The one that has waited longest for a connection comes first. */
  #members: Member[] = [];
  /** The number of workers that are starting, or waiting to be started after a failure. */
  #coming = 0;
  /** The number of workers in a row that failed at once. */
  #shortLives = 0;
  /** Connections for which there is no worker at the moment. */
  readonly #waiting = new Set<Socket>();
  #ownedName: Promise<OwnedName> | undefined;
  #restarting: Promise<void> = Promise.resolve();
  readonly #closing = new AbortController();
  #onClosed = () => {};
  #ignoreSignals = () => {};

  constructor(
    private readonly options: ResolvedServeOptions,
    private readonly count: number,
  ) {
    this.#onError = options.onError;
    this.#graceMs = options.graceMs + flushTimeoutMs + exitGraceMs;
    try {
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

  /**
   * Takes the name before starting workers, so that it fails at once if another server has it. A takeover comes last,
   * when the running server can be replaced.
   */
  async start(): Promise<void> {
    if (this.options.signals) {
      this.#ignoreSignals = closeOnSignal(() => this.close());
    }
    const { takeover } = this.options;
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

  /**
   * Gives up the name first, then empties the queue of the listener and closes it, then ends all workers at the same
   * time.
   */
  async #shutDown(): Promise<void> {
    await this.#ownedName?.then(
      (ownedName) => ownedName.end(),
      () => {}, // the name was never taken
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

  /** Passes a connection to the worker that has the fewest; workers with equally many take turns. */
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
    if (this.#isClosing || this.#waiting.size >= this.options.connectionLimits.maxPendingConnections) {
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

  /** Starts a worker, counting it as coming, and waits until it serves. */
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
      return; // it ended as it was told to, or its starter handles the failure
    }
    this.#shortLives = performance.now() - member.readyAt < shortLifeMs ? this.#shortLives + 1 : 0;
    this.#report(new Error(`worker ${member.pid} ended ${how}: its calls are lost, another worker replaces it`));
    this.#refill();
  }

  /** Starts workers until there are enough, including those that are coming. */
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

  /** Waits before starting a worker after others failed at once; not after the first failure. */
  async #backOff(): Promise<void> {
    const backoffMs = this.#shortLives < 2 ? 0 : Math.min(maxBackoffMs, firstBackoffMs * 2 ** (this.#shortLives - 2));
    await pause(backoffMs, undefined, { signal: this.#closing.signal }).catch(() => {});
  }

  #report(error: unknown): void {
    this.#onError(error, { method: "serveCluster" });
  }
}
