import { readFileSync } from "node:fs";
import type { Random } from "./random.js";

export const kinds = ["server", "client", "grpc-server", "grpc-client"] as const;
/** Who is being lied to. */
export type Kind = (typeof kinds)[number];

/** How a case ends, once all has been said. */
export const endings = ["end", "reset", "destroy", "close"] as const;
export type Ending = (typeof endings)[number];

/** One connection's worth of what a peer says, and everything else that decides what happens. */
export interface Case {
  readonly kind: Kind;
  /** For what the program under test does meanwhile. */
  readonly seed: number;
  /** The recording that it was made from. */
  readonly origin: string;
  /** Requests that a client under test makes at once. */
  readonly requests: number;
  /** Pieces as they arrive; a number is so many turns of the event loop between two of them. */
  readonly steps: readonly (Buffer | number)[];
  readonly ending: Ending;
}

export function toText({ steps, ...rest }: Case, problem?: string): string {
  const written = steps.map((step) => (typeof step === "number" ? step : step.toString("base64")));
  return JSON.stringify({ ...rest, problem, steps: written });
}

export function readCase(path: string): Case {
  const { problem: _, ...found } = JSON.parse(readFileSync(path, "utf8"));
  const steps = found.steps.map((step: string | number) =>
    typeof step === "number" ? step : Buffer.from(step, "base64"),
  );
  return { ...found, steps };
}

/** Cuts bytes into pieces, now at random, now everywhere, now nowhere, with or without time in between. */
export function stepsOf(bytes: Buffer, random: Random): (Buffer | number)[] {
  const largest = random.pick([1, 9, 60, 1_000, 20_000, bytes.length]);
  const isQuick = random.chance(0.4);
  const steps: (Buffer | number)[] = [];
  for (let at = 0; at < bytes.length; ) {
    // Byte by byte for long would take for ever, and show nothing more.
    const limit = steps.length > 500 ? 20_000 : largest;
    const size = 1 + random.below(limit);
    steps.push(bytes.subarray(at, at + size));
    at += size;
    if (!isQuick && random.chance(0.3)) steps.push(random.few());
  }
  return steps;
}
