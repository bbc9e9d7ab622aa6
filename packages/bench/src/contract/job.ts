/**
 * The task of a client program: its last argument, as JSON. Servers get the same, to prepare for it.
 *
 * - `calls`: unary calls whose response is their own payload. `inFlight` of them are open at any time, spread over
 *   `connections`.
 * - `ping-pong`: `inFlight` streams, each with one message on its way in either direction.
 * - `download`, `upload`: one stream full of messages in one direction; a `download` on each of `connections`.
 * - `hold`: opens `connections`, each used for one call, or `streams` on one connection, each used for one message in
 *   each direction, and keeps them open.
 * - `first-call`: a single call.
 * - `import`: no call at all.
 */
export interface Job {
  readonly kind: "calls" | "ping-pong" | "download" | "upload" | "hold" | "first-call" | "import";
  readonly payloadBytes: number;
  readonly inFlight: number;
  readonly connections: number;
  readonly streams: number;
  /** Every call has a deadline, metadata in both directions and, if the peer supports it, a retry policy. */
  readonly withExtras: boolean;
  /** The number of objects that programs in Node.js keep alive in addition: see live-objects.ts. */
  readonly liveObjects: number;
  /** The load that another client program of the same peer puts on the same server meanwhile, as fast as it can. */
  readonly crowd?: Crowd;
  /** The duration of the warm-up, which does not count. */
  readonly warmMs: number;
  readonly measureMs: number;
}

export type Crowd = Pick<Job, "kind" | "payloadBytes" | "inFlight" | "connections">;

/** A job without its durations, which the run determines. */
export type Work = Omit<Job, "warmMs" | "measureMs">;

const single = { payloadBytes: 32, inFlight: 1, connections: 1, streams: 0, withExtras: false, liveObjects: 0 };

export function work(kind: Job["kind"], details: Partial<Work> = {}): Work {
  return { ...single, ...details, kind };
}
