import cluster, { type Worker } from "node:cluster";
import type { Socket } from "node:net";
import { clearTimeout, performance, setTimeout } from "../../time/real-timers.js";
import { type FromPrimary, type FromWorker, fromMessage, stopReading, toMessage } from "./messages.js";

/** What a worker has to say to the primary. */
export interface MemberEvents {
  /** It has been told to end by somebody else, and gets no more connections. */
  onLeaving(member: Member): void;
  /** It had this connection, or was to have it, and has read nothing of it. */
  onReturned(socket: Socket): void;
  /** Somebody asks for the name on this connection. */
  onTakeover(socket: Socket): void;
  /** Its process has ended. */
  onEnd(member: Member, how: string): void;
}

/** One worker process. */
export class Member {
  state: "starting" | "serving" | "leaving" | "lost" = "starting";
  /** How many connections it has, those on their way included. */
  connections = 0;
  /** Resolves when it serves. @throws {Error} if it ends before that. */
  readonly ready: Promise<void>;
  /** Resolves when its process has ended. */
  readonly ended: Promise<void>;
  /** Since when it serves, by `performance.now()`. */
  readyAt = Number.POSITIVE_INFINITY;
  readonly #worker: Worker;
  /** Connections that it was sent and has not confirmed: still open here, unread. */
  readonly #onTheirWay: Socket[] = [];
  #endTimer: NodeJS.Timeout | undefined;

  /** Starts the process. @throws {Error} if the system does not let it. */
  constructor(private readonly events: MemberEvents) {
    const worker = cluster.fork();
    this.#worker = worker;
    let onReady: () => void;
    let onFailed: (error: Error) => void;
    this.ready = new Promise((resolve, reject) => {
      onReady = resolve;
      onFailed = reject;
    });
    this.ready.catch(() => {}); // who waits for it is told
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
        this.#endWithin(leaveMs);
      }
    });
    // "close" comes after the last message, which "exit" may overtake; "disconnect" would, too, but does not come at all if the
    // process ends before it has received a socket.
    const closed = new Promise<string>((resolve) => {
      worker.process.once("close", (code, signal) => resolve(signal ? `by ${signal}` : `with status ${code}`));
    });
    const neverBegan = new Promise<string>((resolve) => {
      // Or a message that cannot be sent any more: the end of the process follows.
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

  /** Has it serve a connection of which nothing has been read. */
  give(socket: Socket): void {
    this.connections++;
    this.#onTheirWay.push(socket);
    this.#tell("connection", socket);
  }

  /** Has it finish what it is busy with and end; what has not ended `graceMs` later is killed. */
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
      this.#tell("drain"); // it has been told to end meanwhile
    }
  }

  #on(what: Exclude<FromWorker, "ready">, socket: Socket | undefined): void {
    switch (what) {
      case "taken":
        this.#onTheirWay.shift()?.destroy(); // only this process' descriptor of it
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

  /** It takes no more connections. */
  #lose(): void {
    if (this.state === "serving") {
      this.state = "lost";
    }
  }

  /** What it has not confirmed is still to be served. */
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

/** For how long a worker that has answered its last call may tidy up, in milliseconds. */
const leaveMs = 1_000;
