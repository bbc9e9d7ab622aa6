import { magic } from "../support/wire.js";
import { type Case, endings, type Kind, stepsOf } from "./case.js";
import { mutated } from "./mutate.js";
import { Random } from "./random.js";
import type { Recording } from "./recording.js";

/**
 * Makes a case from a recording: its frames are mutated, and cut into pieces. The same seed and recordings give the
 * same case.
 */
export function makeCase(kind: Kind, seed: number, recordings: readonly Recording[]): Case {
  const random = new Random(seed);
  const recording = random.pick(recordings);
  const pool = random.pick(recordings).frames;
  const frames = mutated(recording.frames, random, pool);
  const isToServer = kind === "server" || kind === "grpc-server";
  const opening = random.chance(0.02) ? random.bytes(random.below(30)) : magic;
  const bytes = isToServer ? Buffer.concat([opening, frames]) : frames;
  return {
    kind,
    seed,
    origin: recording.name,
    requests: recording.requests,
    steps: stepsOf(bytes, random),
    ending: random.pick(endings),
  };
}
