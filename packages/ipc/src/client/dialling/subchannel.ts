import { Code, type ConnectError } from "@connectrpc/connect";
import type { PeerCredentials, SocketAddress } from "../../address/index.js";
import { shown } from "../../option-checks.js";
import { orAborted } from "../../time/abortable.js";
import { startDeadline } from "../../time/signal-deadline.js";
import { outsideOfCalls } from "../../user-code/call-scope.js";
import { allowManyListeners } from "../../user-code/shared-signal.js";
import { connectErrorFrom } from "../../user-code/thrown.js";
import { channelClosed } from "../errors.js";
import { sessionFor } from "./dial-ref.js";
import type { ChannelState, ReadyOptions, Session, SessionSource } from "./session.js";
import { untilAppears } from "./until-appears.js";

// Those who wait for a server are woken when its socket appears. They look anyway after a while, for a server that was there and
// did not answer: soon at first, since looking costs microseconds here and not a handshake across a network, for which gRPC's
// second was made; doubled each time, and somewhat random so that many do not look at once.
const firstBackoffMs = 5;
const maxBackoffMs = 1_000;

/**
 * The connection of a channel: opened when first needed, shared by all calls, opened anew after it was lost.
 *
 * A call always tries at once, unless a try is under way, which it joins: failing without having looked, as gRPC does
 * between two tries, would fail calls on a server that is there. Only those who wait for the server pause between tries.
 */
export class Subchannel<S extends Session> implements SessionSource<S> {
  #state: Exclude<ChannelState, "ready"> | { readonly ready: S } = "idle";
  #opening: Promise<S> | undefined;
  /** All that may still have calls: one that the server is about to close lives on beside its successor. */
  readonly #sessions = new Set<S>();
  readonly #closing = new AbortController();

  constructor(
    readonly address: SocketAddress,
    /** Opens a session, or throws the ConnectError of the calls that wanted it; at once when told to stop. */
    private readonly open: (stop: AbortSignal) => Promise<S>,
  ) {
    allowManyListeners(this.#closing.signal); // whoever waits for the server
  }

  get state(): ChannelState {
    if (typeof this.#state === "string") {
      return this.#state;
    }
    return this.#state.ready.isOpen() ? "ready" : "idle";
  }

  get count(): number {
    return [...this.#sessions].filter((session) => !session.isOver()).length;
  }

  get peer(): PeerCredentials | undefined {
    return [...this.#sessions].at(-1)?.peer;
  }

  session(): S | Promise<S> {
    if (typeof this.#state !== "string" && this.#state.ready.isOpen()) {
      return this.#state.ready;
    }
    if (this.#state === "shutdown") {
      return Promise.reject(channelClosed(this.address));
    }
    this.#opening ??= this.#openOne();
    return this.#opening;
  }

  /**
   * Waits until the server is there, trying again and again.
   *
   * @throws {RangeError} for a time limit that is none.
   * @throws {ConnectError} Unavailable if it was not there in time, DeadlineExceeded if it was there and did not answer,
   *   PermissionDenied at once if it is somebody else's.
   */
  async ready({ timeoutMs = Number.POSITIVE_INFINITY, signal }: ReadyOptions = {}): Promise<void> {
    if (!(typeof timeoutMs === "number" && timeoutMs >= 0)) {
      throw new RangeError(`timeoutMs must be 0 or more, not ${shown(timeoutMs)}`);
    }
    const ended = signal === undefined ? this.#closing.signal : AbortSignal.any([this.#closing.signal, signal]);
    const limit = startDeadline(ended, timeoutMs, "time to connect");
    let failure: ConnectError | undefined;
    try {
      for (let backoffMs = firstBackoffMs; ; backoffMs = Math.min(maxBackoffMs, backoffMs * 2)) {
        failure = await orAborted(this.#tryOnce(limit.signal), limit.signal);
        if (failure === undefined) {
          return;
        }
        if (failure.code === Code.PermissionDenied) {
          throw failure;
        }
        await untilAppears(this.address, backoffMs * (0.5 + Math.random() / 2), limit.signal);
      }
    } catch (error) {
      if (!limit.signal.aborted) {
        throw error;
      }
      if (this.#closing.signal.aborted) {
        throw channelClosed(this.address);
      }
      throw ended.aborted || failure === undefined ? connectErrorFrom(limit.signal.reason, Code.Canceled) : failure;
    } finally {
      limit.stop();
    }
  }

  async #tryOnce(signal: AbortSignal): Promise<ConnectError | undefined> {
    try {
      await sessionFor(this, signal);
      return undefined;
    } catch (error) {
      return connectErrorFrom(error);
    }
  }

  /** Ends the connection and the calls on it, for good. */
  close(): void {
    this.#state = "shutdown";
    this.#closing.abort(closed);
    for (const session of this.#sessions) {
      session.destroy();
    }
    this.#sessions.clear();
  }

  #assertNotClosed(): void {
    if (this.#closing.signal.aborted) {
      throw channelClosed(this.address);
    }
  }

  async #openOne(): Promise<S> {
    this.#state = "connecting";
    try {
      const session = await outsideOfCalls(() => this.open(this.#closing.signal));
      this.#assertNotClosed();
      this.#state = { ready: session };
      for (const old of this.#sessions) {
        if (old.isOver()) {
          this.#sessions.delete(old);
        }
      }
      this.#sessions.add(session);
      return session;
    } catch (error) {
      this.#assertNotClosed();
      this.#state = "transient_failure";
      throw error;
    } finally {
      this.#opening = undefined;
    }
  }
}

/** Nobody sees it: a ConnectError here would have Node.js load its fetch for the sake of `Headers`, 40 ms for each process that ends. */
const closed = new Error("closed");
