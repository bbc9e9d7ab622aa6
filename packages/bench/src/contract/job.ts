import type { Addition } from "./additions.js";

/**
 * The task of a client program: its last argument, as JSON. Servers get the same, to prepare for it. How long the
 * client works, and how often, is said by the lines that it reads: see lines.ts.
 *
 * - `calls`: unary calls whose response is their own payload. `inFlight` of them are open at any time, spread over
 *   `connections`. In an open loop, which starts calls at a given rate, `inFlight` is the most that are open.
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
  /** What the programs have in addition to bare calls. */
  readonly adds?: Addition;
  /** Streams are read and written in arrays of messages, by peers that can do so. */
  readonly inBatches?: boolean;
  /** The number of objects that programs in Node.js keep alive in addition: see live-objects.ts. */
  readonly liveObjects: number;
  /** Calls are started at this rate per second while they are measured, whatever the earlier calls do. */
  readonly rate?: number;
  /** The load that another client program of the same peer puts on the same server meanwhile, as fast as it can. */
  readonly crowd?: Crowd;
}

export type Crowd = Pick<Job, "kind" | "payloadBytes" | "inFlight" | "connections">;

const single = { payloadBytes: 32, inFlight: 1, connections: 1, streams: 0, withExtras: false, liveObjects: 0 };

export function work(kind: Job["kind"], details: Partial<Job> = {}): Job {
  return { ...single, ...details, kind };
}
