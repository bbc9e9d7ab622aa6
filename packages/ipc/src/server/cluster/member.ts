import cluster, { type Worker } from "node:cluster";
import type { Socket } from "node:net";
import { clearTimeout, performance, setTimeout } from "../../time/real-timers.js";
import { type FromPrimary, type FromWorker, fromMessage, stopReading, toMessage } from "./messages.js";

/** What a worker reports to the primary. */
export interface MemberEvents {
  /** Called when something other than the primary has told the worker to end. It gets no more connections. */
  onLeaving(member: Member): void;
  /** Called when a connection comes back of which the worker has read nothing. */
  onReturned(socket: Socket): void;
  /** Called when the peer of this connection asks for the name. */
  onTakeover(socket: Socket): void;
  /** Called when the worker's process has ended. */
  onEnd(member: Member, how: string): void;
}

/** A worker process, as the primary sees it. */
export class Member {
  state: "starting" | "serving" | "leaving" | "lost" = "starting";
  /** The number of its connections, including those being sent to it. */
  connections = 0;
  /** Resolves when the worker serves. @throws {Error} if it ends before that. */
  readonly ready: Promise<void>;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  /** When the worker became ready, by `performance.now()`. */
  readyAt = Number.POSITIVE_INFINITY;
  readonly #worker: Worker;
  /** Connections that were sent to the worker and are not confirmed. They are still open here, and unread. */
  readonly #onTheirWay: Socket[] = [];
  #endTimer: NodeJS.Timeout | undefined;

  /** Starts the process. @throws {Error} if the system refuses to. */
  constructor(private readonly events: MemberEvents) {
    const worker = cluster.fork();
    this.#worker = worker;
    let onReady: () => void;
    let onFailed: (error: Error) => void;
    this.ready = new Promise((resolve, reject) => {
      onReady = resolve;
      onFailed = reject;
    });
    this.ready.catch(() => {}); // whoever awaits it gets the error
    worker.on("message", (message: unknown, socket?: unknown) => {
      const what = fromMessage<FromWorker>(message);
      if (what === "ready") {
        this.#onReady();
        onReady();
      } else if (what !== undefined) {
        this.#on(what, socket as Socket | undefined);
      }
    });
    worker.once("exit", () => this.#lose());
    worker.once("disconnect", () => {
      this.#lose();
      this.#takeBack();
      if (this.#endTimer !== undefined) {
        this.#endWithin(exitTimeoutMs);
      }
    });
    // "close" comes after the last message. "exit" and "disconnect" may overtake messages, and "disconnect" does not
    // come at all if the process ends before it has received a socket.
    const closed = new Promise<string>((resolve) => {
      worker.process.once("close", (code, signal) => resolve(signal ? `by ${signal}` : `with status ${code}`));
    });
    const neverBegan = new Promise<string>((resolve) => {
      // The error may also be that of a message that can no longer be sent, which the end of the process follows.
      worker.on("error", (error: NodeJS.ErrnoException) => {
        if (worker.process.pid === undefined) {
          resolve(`with ${error.code}`);
        }
      });
    });
    this.ended = Promise.race([neverBegan, closed]).then((how) => {
      clearTimeout(this.#endTimer);
      this.#takeBack();
      onFailed(new Error(`worker ${this.pid} ended ${how} before it was ready to serve`));
      events.onEnd(this, how);
    });
  }

  get pid(): number {
    return this.#worker.process.pid ?? 0;
  }

  /** Hands the worker a connection of which nothing has been read. */
  give(socket: Socket): void {
    this.connections++;
    this.#onTheirWay.push(socket);
    this.#tell("connection", socket);
  }

  /** Makes the worker finish its calls and end; kills it after `graceMs`. */
  retire(graceMs: number): void {
    if (this.state === "starting") {
      this.#worker.process.kill();
    } else if (this.state === "serving") {
      this.#tell("drain");
    }
    this.state = "leaving";
    this.#endWithin(graceMs);
  }

  #onReady(): void {
    if (this.state === "starting") {
      this.state = "serving";
      this.readyAt = performance.now();
    } else {
      this.#tell("drain"); // it was told to end before it was ready
    }
  }

  #on(what: Exclude<FromWorker, "ready">, socket: Socket | undefined): void {
    switch (what) {
      case "taken":
        this.#onTheirWay.shift()?.destroy(); // closes only this process' descriptor of it
        break;
      case "ended":
        this.connections--;
        break;
      case "leaving":
        this.#tell("drain");
        this.events.onLeaving(this);
        break;
      case "returned":
        this.connections--;
        this.#tell("received");
        if (socket !== undefined) {
          stopReading(socket);
          this.events.onReturned(socket.on("error", () => {}));
        }
        break;
      case "takeover":
        this.connections--;
        if (socket !== undefined) {
          this.events.onTakeover(socket.on("error", () => {}));
        }
        break;
    }
  }

  /** Marks a serving worker as lost: it accepts no more connections. */
  #lose(): void {
    if (this.state === "serving") {
      this.state = "lost";
    }
  }

  /** Takes back the connections that the worker has not confirmed, so that another one serves them. */
  #takeBack(): void {
    for (const socket of this.#onTheirWay.splice(0)) {
      this.connections--;
      this.events.onReturned(socket);
    }
  }

  #tell(what: FromPrimary, socket?: Socket): void {
    if (this.#worker.isConnected()) {
      this.#worker.send(toMessage(what), socket, { keepOpen: true }, () => {});
    }
  }

  #endWithin(ms: number): void {
    clearTimeout(this.#endTimer);
    this.#endTimer = setTimeout(() => this.#worker.process.kill("SIGKILL"), ms);
  }
}

/** How long a worker may take to end after its last call, in milliseconds. */
const exitTimeoutMs = 1_000;
