import type { DescMethod } from "@bufbuild/protobuf";
import type { SocketAddress } from "../../../address/index.js";
import { type BusyPoll, busyPollWith } from "../../../busy-poll/busy-poll.js";
import type { SingleMessageRules } from "../../../messages/single-message.js";
import { CallCounter, type MemoryStats } from "../../../stats/index.js";
import { dial } from "../../dialling/dial.js";
import { createSubchannels } from "../../dialling/subchannel-pool.js";
import type { ResolvedOptions } from "../../resolve-options.js";
import { KeepAliveInterval } from "./keep-alive-interval.js";
import { Method } from "./method.js";
import { PendingCalls } from "./pending-calls.js";
import { DirectSession } from "./session.js";

/** The state that all calls of a transport share. */
export class Core {
  readonly pendingCalls: PendingCalls;
  readonly connection: ReturnType<typeof createSubchannels<DirectSession>>;
  readonly counter = new CallCounter();
  /** The rules for the responses of unary calls. */
  readonly responseRules: SingleMessageRules;
  /** When the event loop turns while answers are expected; undefined if it never does. */
  readonly busyPoll: BusyPoll | undefined;
  readonly #keepAliveInterval: KeepAliveInterval;
  readonly #methods = new Map<DescMethod, Method>();

  constructor(
    readonly address: SocketAddress,
    readonly options: ResolvedOptions,
  ) {
    this.responseRules = { readMaxBytes: options.readMaxBytes, name: "output" };
    this.busyPoll = busyPollWith(options.busyPollMaxUs);
    this.#keepAliveInterval = new KeepAliveInterval(options.keepAliveIntervalMs);
    this.connection = createSubchannels(options.connections, address, (stop) => this.#openSession(stop));
    this.pendingCalls = new PendingCalls(this.connection, options.maxWaitingBytes);
  }

  get isShutDown(): boolean {
    return this.connection.state === "shutdown";
  }

  get memory(): MemoryStats {
    return { ...this.pendingCalls.shared.kinds, limitBytes: this.options.maxUnreadBytes * this.connection.count };
  }

  /** Returns a session for a call. If there are several connections, calls take turns. */
  session(): DirectSession | Promise<DirectSession> {
    return this.connection.session();
  }

  methodOf(desc: DescMethod): Method {
    let method = this.#methods.get(desc);
    if (method === undefined) {
      method = new Method(desc, this.counter.of(desc), this.options, this.busyPoll);
      this.#methods.set(desc, method);
    }
    return method;
  }

  async #openSession(stop: AbortSignal): Promise<DirectSession> {
    const { address, options, pendingCalls } = this;
    for (let dials = 1; ; dials++) {
      const session = new DirectSession(
        await dial(address, options.trustedUsers),
        options,
        pendingCalls,
        this.#keepAliveInterval,
        this.busyPoll,
      );
      try {
        return await session.settled(address, stop);
      } catch (error) {
        if (!session.isGoingAway || dials === maxDials || stop.aborted) {
          throw error;
        }
      }
    }
  }
}

/**
 * How often to dial again if the server was leaving when it accepted the connection, since another one may have taken
 * its place.
 */
const maxDials = 16;
