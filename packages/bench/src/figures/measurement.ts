import type { Done, Usage } from "../contract/lines.js";

/** How a client warmed up. */
export interface Warm {
  /** What the client did in its first run, from its first call on. */
  readonly first: Pick<Done, "count" | "seconds" | "latencyUs">;
  /** The duration of all runs before the measurement. */
  readonly seconds: number;
  /** Whether the rates of the last windows agreed, or there was no need for that. */
  readonly isSettled: boolean;
}

/** What one server and one client did in one round, and the resources they used. */
export interface Measurement {
  /** The time from the server's start to its line `ready`; undefined if the client starts the server. */
  readonly serverStartMs: number | undefined;
  /** The time from the client's start to its last line. */
  readonly clientMs: number;
  /** Present if the job lasts: if it has a rate. */
  readonly warm?: Warm;
  readonly client: { readonly warm: Usage; readonly done: Done };
  readonly server: { readonly warm: Usage; readonly done: Usage };
  /** The number of instructions that each program executed, if the peer is counted. */
  readonly instructions?: { readonly client: number; readonly server: number };
  /** The share of the machine that other programs used meanwhile, from 0 to 1. */
  readonly disturbance: number;
}
