import type { Done, Usage } from "../contract/lines.js";

/** What one server and one client did and used. */
export interface Measurement {
  /** From its start to `ready`; undefined where the client starts it. */
  readonly serverStartMs: number | undefined;
  /** From its start to its last line. */
  readonly clientMs: number;
  readonly client: { readonly warm: Usage; readonly done: Done };
  readonly server: { readonly warm: Usage; readonly done: Usage };
  /** What either executed meanwhile, where the peer is counted. */
  readonly instructions?: { readonly client: number; readonly server: number };
  /** The part of the machine that others used meanwhile, 0 to 1. */
  readonly disturbance: number;
}
