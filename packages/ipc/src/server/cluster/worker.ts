import cluster from "node:cluster";
import type { Socket } from "node:net";
import { clearInterval, setInterval } from "../../time/real-timers.js";
import { asksForTakeover } from "../name/takeover.js";
import { logError, safely } from "../on-error.js";
import type { ServeOptions } from "../options.js";
import { closeOnSignal } from "../signals.js";
import { createUnboundServer } from "../unbound-server.js";
import { type FromPrimary, type FromWorker, fromMessage, stopReading, toMessage } from "./messages.js";
import type { ClusterWorker } from "./types.js";

/**
 * A worker's half of `serveCluster()`: a server without a name, which gets its connections from the primary. When told to drain it
 * gives back those that have not said a word, as nobody would know which of their calls were lost, and finishes the others.
 */
export async function serveAsWorker(options: ServeOptions): Promise<ClusterWorker> {
  let state: "serving" | "draining" | "drained" = "serving";
  let onReceived = () => {};
  let onClosed = () => {};
  const closed = new Promise<void>((resolve) => {
    onClosed = resolve;
  });
  const server = await createUnboundServer(options, {
    onError: safely(options.onError ?? logError),
    onOther(socket, head) {
      if (state !== "serving" || !asksForTakeover(head)) {
        return false;
      }
      server.forget(socket);
      tell("takeover", socket);
      return true;
    },
    onEnd: () => tell("ended"),
  });
  process.on("message", onMessage);
  cluster.worker?.once("disconnect", onDisconnect);
  const ignoreSignals = options.signals === false ? () => {} : closeOnSignal(leave);
  tell("ready");
  return { role: "worker", health: server.health, closed };

  function onMessage(message: unknown, socket?: unknown): void {
    switch (fromMessage<FromPrimary>(message)) {
      case "connection":
        tell("taken"); // before anything is read of it: what the primary has not been told is not lost with this process
        if (socket !== undefined) {
          server.accept(socket as Socket);
        } else {
          tell("ended"); // the peer was gone before it got here
        }
        break;
      case "drain":
        void drain();
        break;
      case "received":
        onReceived();
        break;
    }
  }

  /** The process has been told to end; the primary, which may not have, then says when there is no more to come. */
  function leave(): Promise<void> {
    tell("leaving");
    return closed;
  }

  async function drain(): Promise<void> {
    if (state !== "serving") {
      return;
    }
    state = "draining";
    server.quiesce();
    for (let socket = nextUnread(); socket !== undefined; socket = nextUnread()) {
      await giveBack(socket);
    }
    await server.drain();
    state = "drained";
    process.off("message", onMessage);
    ignoreSignals();
    onClosed();
    if (process.connected) {
      process.disconnect();
    }
  }

  /** Resolves when the primary has it, or is gone: which "disconnect" does not tell while a socket is on its way. */
  async function giveBack(socket: Socket): Promise<void> {
    const received = new Promise<void>((resolve) => {
      onReceived = resolve;
    });
    const timer = setInterval(() => process.connected || onReceived(), lookMs);
    tell("returned", socket);
    await received;
    clearInterval(timer);
  }

  function nextUnread(): Socket | undefined {
    return process.connected ? server.takeUnread() : undefined;
  }

  function onDisconnect(): void {
    onReceived();
    // Otherwise node:cluster ends the process on the spot: right if the primary did not wait for the last calls itself.
    if (state !== "draining" && cluster.worker) {
      cluster.worker.exitedAfterDisconnect = true;
    }
    void drain(); // the primary is gone: there is no more to come
  }

  function tell(what: FromWorker, socket?: Socket): void {
    if (socket !== undefined) {
      stopReading(socket);
    }
    if (process.connected) {
      process.send?.(toMessage(what), socket, {}, () => {}); // the primary may be gone: "disconnect" says so
    }
  }
}

/** How often to look whether the primary lives, in milliseconds, while it ought to answer. */
const lookMs = 100;
