/**
 * The name of a server: where it listens, keeping the address while it serves, and passing it on to the next server.
 * The rules of socket files and locks themselves belong to `address`.
 */

import type { Server as NetServer, Socket } from "node:net";
import { AddressError, type Published } from "../../address/index.js";
import { delay as pause } from "../../time/real-timers.js";
import type { ListenAddress } from "./listen-address.js";
import type { Listener } from "./listener.js";
import { askForTakeover, handOver, mayTakeOver } from "./takeover.js";

/** A listener that owns its address. */
export interface OwnedName {
  /** Hands the address over to the server at the other end of this connection, which has asked for it. */
  handOver(socket: Socket): void;
  /** Gives up the address, accepts what waits in the kernel's queue, and stops listening. */
  end(): Promise<void>;
}

export interface OwnedNameOptions {
  /** Whether to ask a server that has the address to hand it over. */
  readonly takeover: boolean;
  /** Called when the next server has taken over the address: this one should end. */
  onHandedOver(): void;
  /** Called when this server can no longer be reached: it should report the error and close. */
  onLost(error: unknown): void;
}

/**
 * Makes the listener reachable at its address. A socket file that is deleted later is published again; if another file
 * has taken its place, the address is lost.
 *
 * @throws {AddressInUseError} if another server has the address
 * @throws {AddressError} if it is impossible to listen there
 */
export async function takeName(
  listenAddress: ListenAddress,
  listener: Listener,
  options: OwnedNameOptions,
): Promise<OwnedName> {
  let isOver = false;
  let published = await listener.listen((server) => takeOverAndPublish(listenAddress, server, options.takeover));
  /** Operations in progress: publishing again, and answering those who ask for the address, one after another. */
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
        case "lost": // the other server has taken it without confirming, or it was deleted meanwhile
          publishAgain();
          return;
        case "locked":
          await pause(retakeIntervalMs);
      }
    }
  }
}

/**
 * How often to check, in milliseconds, whether a lock that was offered can be taken back. The server continues
 * meanwhile.
 */
const retakeIntervalMs = 50;

/** Publishes the listener, in place of the present server if that agrees. */
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
