import type { Server as NetServer, Socket } from "node:net";
import { AddressError, type Published } from "../address/index.js";
import type { Listener } from "./listener.js";
import type { Place } from "./place.js";
import { askForTakeover, handOver } from "./takeover.js";

/** A listener that has its name, and keeps it. */
export interface Tenure {
  /** Hands the name over to the server at the other end of this connection, which has asked for it. */
  handOver(socket: Socket): void;
  /** Gives the name up, accepts what the kernel has queued, and stops listening. */
  end(): Promise<void>;
}

export interface TenureOptions {
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
export async function takeName(place: Place, listener: Listener, options: TenureOptions): Promise<Tenure> {
  let published = await listener.listen((server) => takeOverAndPublish(place, server, options.takeover));
  let stopWatching = watchName();
  let isOver = false;
  return {
    handOver(socket) {
      stopWatching();
      void handOver(socket, published, options.onHandedOver).then(() => {
        if (!isOver) {
          stopWatching = watchName();
        }
      });
    },
    async end() {
      isOver = true;
      stopWatching();
      published.unpublish();
      await listener.stop();
    },
  };

  function watchName(): () => void {
    return published.watch((what) => {
      if (what === "deleted") {
        published.unpublish();
        listener.listen((server) => place.publish(server)).then(onRepublished, options.onLost);
      } else {
        options.onLost(
          new AddressError(`another file has taken the place of ${place.path}: this server closes`, place.address),
        );
      }
    });
  }

  function onRepublished(again: Published): void {
    published = again;
    if (isOver) {
      published.unpublish();
    } else {
      stopWatching = watchName();
    }
  }
}

/** Brings the listener to its place; if the server that is there agrees, in its stead. */
async function takeOverAndPublish(place: Place, server: NetServer, takeover: boolean): Promise<Published> {
  const handover = takeover && place.path !== undefined ? await askForTakeover(place.path) : undefined;
  try {
    const published = await place.publish(server, { isTakeover: handover !== undefined });
    await handover?.confirm();
    return published;
  } catch (error) {
    handover?.cancel();
    throw error;
  }
}
