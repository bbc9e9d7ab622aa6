import type { Usage } from "../../contract/lines.js";

/** A request without a payload asks for the usage of the child process. */
export interface Request {
  readonly id: number;
  readonly payload?: Uint8Array;
}

export interface Answer {
  readonly id: number;
  readonly payload?: Uint8Array;
  readonly usage?: Usage;
}
