import type { Server as NetServer, Socket } from "node:net";
import { AddressError, type Published } from "../../address/index.js";
import { delay as pause } from "../../time/real-timers.js";
import type { ListenAddress } from "./listen-address.js";
import type { Listener } from "./listener.js";
import { askForTakeover, handOver, mayTakeOver } from "./takeover.js";

/** A listener that has its name, and keeps it. */
export interface OwnedName {
  /** Hands the name over to the server at the other end of this connection, which has asked for it. */
  handOver(socket: Socket): void;
  /** Gives the name up, accepts what the kernel has queued, and stops listening. */
  end(): Promise<void>;
}

export interface OwnedNameOptions {
  /** Whether a server that has the name is asked to hand it over. */
  readonly takeover: boolean;
  /** The name has gone to the next server: this one is to end. */
  onHandedOver(): void;
  /** Nobody can reach this server any more: it is to say so, and to end as if it had been told to. */
  onLost(error: unknown): void;
}

/**
 * Brings the listener to its place. A socket file that is deleted later is published again; one in whose place another file
 * has come is lost.
 *
 * @throws {AddressError}
 */
export async function takeName(
  listenAddress: ListenAddress,
  listener: Listener,
  options: OwnedNameOptions,
): Promise<OwnedName> {
  let isOver = false;
  let published = await listener.listen((server) => takeOverAndPublish(listenAddress, server, options.takeover));
  /** What is under way: to publish anew, and to answer those who ask for the name, one after the other. */
  let publishing: Promise<void> = Promise.resolve();
  let handovers: Promise<void> = Promise.resolve();
  let stopWatching = watchName();
  return {
    handOver(socket) {
      handovers = handovers.then(() => answer(socket));
    },
    async end() {
      isOver = true;
      stopWatching();
      published.unpublish();
      await publishing;
      await listener.stop();
    },
  };

  function watchName(): () => void {
    return published.watch((what) => {
      if (what === "deleted") {
        publishAgain();
      } else {
        options.onLost(
          new AddressError(
            `another file has taken the place of ${listenAddress.path}: this server closes`,
            listenAddress.address,
          ),
        );
      }
    });
  }

  function publishAgain(): void {
    published.unpublish();
    publishing = listener.listen((server) => listenAddress.publish(server)).then(onRepublished, options.onLost);
  }

  function onRepublished(again: Published): void {
    published = again;
    if (isOver) {
      published.unpublish();
    } else {
      stopWatching = watchName();
    }
  }

  async function answer(socket: Socket): Promise<void> {
    await publishing;
    if (isOver || socket.destroyed || !mayTakeOver(socket)) {
      socket.destroy();
      return;
    }
    stopWatching();
    if (await handOver(socket, published)) {
      options.onHandedOver();
      return;
    }
    while (!isOver) {
      switch (published.retake()) {
        case "ours":
          stopWatching = watchName();
          return;
        case "lost": // whoever asked has taken it and said nothing, or it was deleted meanwhile
          publishAgain();
          return;
        case "locked":
          await pause(lockedMs);
      }
    }
  }
}

/** How often to look, in milliseconds, whether a lock that was offered is to be had again: it is served on meanwhile. */
const lockedMs = 50;

/** Brings the listener to its place; if the server that is there agrees, in its stead. */
async function takeOverAndPublish(
  listenAddress: ListenAddress,
  server: NetServer,
  takeover: boolean,
): Promise<Published> {
  const handover = takeover && listenAddress.path !== undefined ? await askForTakeover(listenAddress.path) : undefined;
  try {
    const published = await listenAddress.publish(server, { isTakeover: handover !== undefined });
    await handover?.confirm();
    return published;
  } catch (error) {
    handover?.cancel();
    throw error;
  }
}
