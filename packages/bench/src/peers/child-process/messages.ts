import type { Usage } from "../../contract/lines.js";

/** Without a payload: a question for what the child has used. */
export interface Request {
  readonly id: number;
  readonly payload?: Uint8Array;
}

export interface Answer {
  readonly id: number;
  readonly payload?: Uint8Array;
  readonly usage?: Usage;
}
