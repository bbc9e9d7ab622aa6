/**
 * Getting connected: dialling a socket, waiting for a server that is not there, keeping a connection or a pool of them,
 * and closing idle ones. It knows a connection only as a `Session`, which an engine implements; calls belong to the
 * engines.
 */

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

// The backoff between attempts to connect, for code that waits for a server. It is woken when the socket appears, and
// tries again after the backoff in case a present server did not answer. The backoff is short at first, since an
// attempt costs microseconds here and not a handshake across a network, for which gRPC's first second was chosen. It
// doubles each time, with a jitter so that many clients do not try at once.
const firstBackoffMs = 5;
const maxBackoffMs = 1_000;

/**
 * The connection of a channel, gRPC's subchannel: opened when first needed, shared by all calls, and opened again after
 * it was lost.
 *
 * A call always tries to connect at once, or joins an attempt in progress. Failing without an attempt, as gRPC does
 * during the backoff, would fail calls to a server that is present. Only code that waits for the server pauses between
 * attempts.
 */
export class Subchannel<S extends Session> implements SessionSource<S> {
  #state: Exclude<ChannelState, "ready"> | { readonly ready: S } = "idle";
  #opening: Promise<S> | undefined;
  /** All sessions that may still have calls: one that the server is about to close lives on beside its successor. */
  readonly #sessions = new Set<S>();
  readonly #closing = new AbortController();

  constructor(
    readonly address: SocketAddress,
    /**
     * Opens a session, or throws the ConnectError of the calls that need it. When `stop` is aborted, it fails at once.
     */
    private readonly open: (stop: AbortSignal) => Promise<S>,
  ) {
    allowManyListeners(this.#closing.signal); // one listener for each call that waits for the server
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
   * Waits until the server is reachable, trying again and again.
   *
   * @throws {RangeError} for an invalid timeout.
   * @throws {ConnectError} Unavailable if the server was not reachable in time, DeadlineExceeded if it was reachable
   *   and did not answer, PermissionDenied at once if its socket is not trusted.
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

  /** Ends the connection and its calls for good. */
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

/**
 * The reason for ending an attempt to connect, which nobody sees. A ConnectError would make Node.js load its fetch
 * implementation for `Headers`, which takes 40 ms in each process that ends.
 */
const closed = new Error("closed");
