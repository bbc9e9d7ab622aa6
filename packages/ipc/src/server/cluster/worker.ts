import cluster from "node:cluster";
import type { Socket } from "node:net";
import { clearInterval, setInterval } from "../../time/real-timers.js";
import { asksForTakeover } from "../name/takeover.js";
import type { ResolvedServeOptions } from "../resolve-options.js";
import { closeOnSignal } from "../signals.js";
import { createUnboundServer } from "../unbound-server.js";
import { type FromPrimary, type FromWorker, fromMessage, stopReading, toMessage } from "./messages.js";
import type { ClusterWorker } from "./types.js";

/**
 * Runs `serveCluster()` in a worker: a server without a name, which gets its connections from the primary. When it is
 * told to drain, it finishes its calls, and gives back the connections of which it has read nothing, since they may
 * carry calls that would otherwise be lost without anybody's knowledge.
 */
export async function serveAsWorker(options: ResolvedServeOptions): Promise<ClusterWorker> {
  let state: "serving" | "draining" | "drained" = "serving";
  let onReceived = () => {};
  let onClosed = () => {};
  const closed = new Promise<void>((resolve) => {
    onClosed = resolve;
  });
  const server = await createUnboundServer(options, {
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
  const ignoreSignals = options.signals ? closeOnSignal(leave) : () => {};
  tell("ready");
  return { role: "worker", health: server.health, closed };

  function onMessage(message: unknown, socket?: unknown): void {
    switch (fromMessage<FromPrimary>(message)) {
      case "connection":
        // It is sent before anything is read: a connection that the primary does not know to be taken is not lost with
        // this process.
        tell("taken");
        if (socket !== undefined) {
          server.accept(socket as Socket);
        } else {
          tell("ended"); // the peer was gone before the connection got here
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

  /**
   * Called when the process is told to end. The primary may not have been; it then says when no more connections will
   * come.
   */
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

  /**
   * Resolves when the primary has the connection or is gone, which "disconnect" does not report while a socket is being
   * sent.
   */
  async function giveBack(socket: Socket): Promise<void> {
    const received = new Promise<void>((resolve) => {
      onReceived = resolve;
    });
    const timer = setInterval(() => process.connected || onReceived(), primaryCheckMs);
    tell("returned", socket);
    await received;
    clearInterval(timer);
  }

  function nextUnread(): Socket | undefined {
    return process.connected ? server.takeUnread() : undefined;
  }

  function onDisconnect(): void {
    onReceived();
    // Otherwise node:cluster would end the process at once, which is right only if the primary did not wait for the
    // last calls itself.
    if (state !== "draining" && cluster.worker) {
      cluster.worker.exitedAfterDisconnect = true;
    }
    void drain(); // the primary is gone, so no more connections will come
  }

  function tell(what: FromWorker, socket?: Socket): void {
    if (socket !== undefined) {
      stopReading(socket);
    }
    if (process.connected) {
      process.send?.(toMessage(what), socket, {}, () => {}); // if the primary is gone, "disconnect" reports it
    }
  }
}

/** How often to check, in milliseconds, whether the primary is alive while its answer is awaited. */
const primaryCheckMs = 100;
