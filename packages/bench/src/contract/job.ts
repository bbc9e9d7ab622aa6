/**
 * What a client program is told to do: its last argument, as JSON. Servers get the same, to prepare for it.
 *
 * - `calls`: requests that are answered with their own payload, `inFlight` of them at any time, spread over `connections`.
 * - `ping-pong`: `inFlight` streams, on each of which one message is under way, there or back.
 * - `download`, `upload`: one stream full of messages, one way; a `download` on each of `connections`.
 * - `hold`: opens `connections`, each used for one call, or `streams` on one connection, each with one message there and
 *   back, and keeps them open.
 * - `first-call`: one call, and that is all.
 * - `import`: no call at all.
 */
export interface Job {
  readonly kind: "calls" | "ping-pong" | "download" | "upload" | "hold" | "first-call" | "import";
  readonly payloadBytes: number;
  readonly inFlight: number;
  readonly connections: number;
  readonly streams: number;
  /** With a deadline, metadata both ways and, where the peer has it, a retry policy on every call. */
  readonly withExtras: boolean;
  /** How many objects programs of Node.js keep besides: see live-objects.ts. */
  readonly liveObjects: number;
  /** What another client program of the same peer does to the same server meanwhile, as fast as it can. */
  readonly crowd?: Crowd;
  /** For how long to do it before it counts, in milliseconds. */
  readonly warmMs: number;
  readonly measureMs: number;
}

export type Crowd = Pick<Job, "kind" | "payloadBytes" | "inFlight" | "connections">;

/** A job without its times, which are the run's to decide. */
export type Work = Omit<Job, "warmMs" | "measureMs">;

const single = { payloadBytes: 32, inFlight: 1, connections: 1, streams: 0, withExtras: false, liveObjects: 0 };

export function work(kind: Job["kind"], details: Partial<Work> = {}): Work {
  return { ...single, ...details, kind };
}
