import { readFileSync } from "node:fs";
import type { Random } from "./random.js";

export const kinds = ["server", "client", "grpc-server", "grpc-client"] as const;
/** The program under test. */
export type Kind = (typeof kinds)[number];

/** How a case ends after the last byte. */
export const endings = ["end", "reset", "destroy", "close"] as const;
export type Ending = (typeof endings)[number];

/** All that a peer sends on one connection, and everything else on which the outcome depends. */
export interface Case {
  readonly kind: Kind;
  /** The seed for the random actions of the program under test. */
  readonly seed: number;
  /** The recording from which the case was made. */
  readonly origin: string;
  /** The number of requests that a client under test makes at once. */
  readonly requests: number;
  /** The pieces in which the bytes arrive. A number is a pause of that many turns of the event loop. */
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

/** Cuts bytes into pieces: at random, after every byte, or not at all, with or without pauses. */
export function stepsOf(bytes: Buffer, random: Random): (Buffer | number)[] {
  const largest = random.pick([1, 9, 60, 1_000, 20_000, bytes.length]);
  const isQuick = random.chance(0.4);
  const steps: (Buffer | number)[] = [];
  for (let at = 0; at < bytes.length; ) {
    // Many bytes one by one would take too long, and would show nothing more.
    const limit = steps.length > 500 ? 20_000 : largest;
    const size = 1 + random.below(limit);
    steps.push(bytes.subarray(at, at + size));
    at += size;
    if (!isQuick && random.chance(0.3)) steps.push(random.few());
  }
  return steps;
}
