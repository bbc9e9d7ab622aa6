import { bytesOf, Flag, type Frame, integer, literals, settings, Type, uint32 } from "../support/wire.js";
import { mutateFields } from "./mutate-fields.js";
import type { Random } from "./random.js";

/** Numbers at the borders of ranges. */
const interesting = [0, 1, 2, 3, 4, 5, 8, 9, 127, 128, 255, 256, 16_383, 16_384, 16_385, 65_535, 65_536, 2 ** 24 - 1];
const interesting32 = [
  ...interesting,
  2 ** 24,
  2 ** 31 - 65_536,
  2 ** 31 - 2,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 2,
  2 ** 32 - 1,
];

type Mutation = (frames: Frame[], random: Random, pool: readonly Frame[]) => void;

/**
 * Returns what a hostile or defective peer might send: frames of a recording, some of them changed, dropped, repeated,
 * moved, invented or taken from another recording (`pool`). The bytes of all of them may then be changed once more.
 */
export function mutated(recorded: readonly Frame[], random: Random, pool: readonly Frame[]): Buffer {
  const frames = recorded.map((frame) => ({ ...frame }));
  // Field blocks that do not use the dynamic table can be changed one by one without an effect on the others.
  if (random.chance(0.5)) for (const frame of frames) makeStateless(frame);
  for (let count = random.few() + random.few() - 1; count > 0; count--) random.pick(mutations)(frames, random, pool);
  return mutatedBytes(Buffer.concat(frames.map(bytesOf)), random);
}

function makeStateless(frame: Frame): void {
  if (frame.fields === undefined) return;
  const payload = literals(frame.fields);
  if (payload.length > 16_384) return;
  frame.payload = payload;
  frame.flags &= ~(Flag.PADDED | Flag.PRIORITY);
}

const mutations: readonly Mutation[] = [
  on((frame, random) => {
    const actual = frame.payload.length;
    frame.declared = random.pick([actual - 1, actual + 1, actual + 9, random.pick(interesting), random.below(2 ** 24)]);
  }),
  on((frame, random) => {
    frame.type = random.pick([random.below(10), random.below(256)]);
  }),
  on((frame, random) => {
    frame.flags = random.pick([frame.flags ^ (1 << random.below(8)), random.below(256), 0]);
  }),
  on((frame, random, frames) => {
    const other = random.pick(frames).streamId;
    frame.streamId = random.pick([
      0,
      other,
      other + 2,
      other + 1,
      random.pick(interesting32),
      random.next(),
      frame.streamId | (2 ** 31),
    ]);
  }),
  on((frame, random) => {
    frame.payload = mutatedPayload(frame.payload, random);
  }),
  on((frame, random) => {
    frame.payload = mutatedPayload(frame.payload, random);
  }),
  on(mutateBlock, Type.HEADERS),
  on(mutateBlock, Type.HEADERS),
  on((frame, random) => {
    if (frame.fields === undefined) return;
    frame.fields = mutateFields(frame.fields, random);
    makeStateless(frame);
  }, Type.HEADERS),
  on((frame, random) => {
    if (frame.fields === undefined) return;
    frame.fields = mutateFields(frame.fields, random);
    makeStateless(frame);
  }, Type.HEADERS),
  on(mutateEnvelope, Type.DATA),
  on(pad),
  split,
  repeat,
  (frames, random) => void frames.splice(random.below(frames.length + 1), random.few()),
  (frames, random) => {
    const [a, b] = [random.below(frames.length), random.below(frames.length)];
    const [one, other] = [frames[a], frames[b]];
    if (one === undefined || other === undefined) return;
    frames[a] = other;
    frames[b] = one;
  },
  (frames, random) => {
    const [moved] = frames.splice(random.below(frames.length + 1), 1);
    if (moved !== undefined) frames.splice(random.below(frames.length + 1), 0, moved);
  },
  (frames, random, pool) => void frames.splice(random.below(frames.length + 1), 0, { ...random.pick(pool) }),
  insertMadeUp,
  insertMadeUp,
  insertMadeUp,
];

function on(change: (frame: Frame, random: Random, frames: Frame[]) => void, type?: number): Mutation {
  return (frames, random) => {
    const candidates = type === undefined ? frames : frames.filter((frame) => frame.type === type);
    if (candidates.length > 0) change(random.pick(candidates), random, frames);
  };
}

function mutatedPayload(payload: Buffer, random: Random): Buffer {
  const changed = Buffer.from(payload);
  const at = random.below(changed.length + 1);
  switch (random.below(7)) {
    case 0:
      if (at < changed.length) changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
      return changed;
    case 1:
      if (at < changed.length) changed[at] = random.below(256);
      return changed;
    case 2:
      if (at + 4 <= changed.length) changed.writeUInt32BE(random.pick(interesting32), at);
      return changed;
    case 3:
      return Buffer.concat([changed.subarray(0, at), random.bytes(random.below(20)), changed.subarray(at)]);
    case 4:
      return Buffer.concat([changed.subarray(0, at), changed.subarray(at + random.few())]);
    case 5:
      return changed.subarray(0, at);
    default:
      return Buffer.concat([changed, changed.subarray(at)]);
  }
}

/**
 * Returns a field block that is changed where errors are most likely: in its representations, its integers, its
 * strings.
 */
function mutateBlock(frame: Frame, random: Random): void {
  const at = random.below(frame.payload.length + 1);
  const piece = random.pick([
    () => integer(random.pick(interesting32), 0x7f, 0x80), // an indexed field
    () => integer(random.pick([0, 1, 100, 4_096, 4_097, 16_384, 16_385, 2 ** 28]), 0x1f, 0x20), // a table size update
    () =>
      Buffer.concat([
        integer(random.below(70), 0x3f, 0x40),
        integer(random.below(30), 0x7f),
        random.bytes(random.below(30)),
      ]),
    () => Buffer.concat([Buffer.from([0x40]), integer(random.below(9), 0x7f, 0x80), random.bytes(9)]), // Huffman code
    () => literals([`x-${random.below(9)}`, "v".repeat(random.below(300))], random.pick([0, 0x10, 0x40])),
    () => Buffer.alloc(random.below(40), random.pick([0x80, 0x82, 0xbe, 0xbf, 0xff, 0x3f, 0x7f, 0x20, 0])),
    () => integer(2 ** 40, 0x7f, random.pick([0x80, 0])),
    () => random.bytes(random.few()),
  ])();
  const removed = random.chance(0.5) ? 0 : random.few();
  frame.payload = Buffer.concat([frame.payload.subarray(0, at), piece, frame.payload.subarray(at + removed)]);
}

/** Returns the prefix of a gRPC message, possibly with a wrong flag or length. */
function mutateEnvelope(frame: Frame, random: Random): void {
  const payload = Buffer.from(frame.payload);
  if (payload.length < 5) return;
  if (random.chance(0.5)) payload[0] = random.pick([0, 1, 2, 128, 255]);
  const length = payload.length - 5;
  if (random.chance(0.6))
    payload.writeUInt32BE(random.pick([0, length - 1, length + 1, 100_001, ...interesting32]) >>> 0, 1);
  frame.payload = random.chance(0.2) ? Buffer.concat([payload, payload]) : payload;
}

function pad(frame: Frame, random: Random): void {
  const padding = random.pick([0, 1, random.below(256)]);
  const said = random.chance(0.8) ? padding : random.below(256);
  frame.flags |= Flag.PADDED;
  frame.payload = Buffer.concat([Buffer.from([said]), frame.payload, Buffer.alloc(padding)]);
}

/** Splits a field block, or a body, into several frames. */
function split(frames: Frame[], random: Random): void {
  const at = random.below(frames.length);
  const frame = frames[at];
  if (frame === undefined || frame.payload.length < 2) return;
  const cut = random.below(frame.payload.length + 1);
  const first: Frame = { ...frame, payload: frame.payload.subarray(0, cut) };
  const second: Frame = { ...frame, payload: frame.payload.subarray(cut) };
  if (frame.type === Type.HEADERS) {
    first.flags &= ~Flag.END_HEADERS;
    second.type = Type.CONTINUATION;
    second.flags &= ~(Flag.END_STREAM | Flag.PADDED | Flag.PRIORITY);
  } else first.flags &= ~Flag.END_STREAM;
  frames.splice(at, 1, first, second);
}

function repeat(frames: Frame[], random: Random): void {
  const at = random.below(frames.length);
  const length = random.few();
  const some = frames.slice(at, at + length);
  const copies: Frame[] = [];
  const times = random.chance(0.03) ? random.below(1_500) : random.few();
  const isNew = random.chance(0.3); // the same frames are repeated on other streams
  for (let i = 1; i <= times; i++) {
    for (const frame of some) copies.push({ ...frame, streamId: isNew ? frame.streamId + 2 * i : frame.streamId });
  }
  frames.splice(at + length, 0, ...copies);
}

function insertMadeUp(frames: Frame[], random: Random): void {
  const near = frames.length === 0 ? 1 : random.pick(frames).streamId;
  const streamId = random.pick([0, 0, near, near, near, near + 2, random.pick(interesting32)]);
  const frame = (type: number, payload: Buffer, flags = 0): Frame => ({ type, flags, streamId, payload });
  const value = () => random.pick(interesting32);
  const made = random.pick<() => Frame>([
    () => frame(Type.WINDOW_UPDATE, uint32(value())),
    () => frame(Type.RST_STREAM, uint32(random.below(16))),
    () =>
      frame(
        Type.SETTINGS,
        settings(...Array.from({ length: random.few() }, () => [random.below(9), value()] as const)),
      ),
    () => frame(Type.SETTINGS, Buffer.alloc(0), Flag.ACK),
    () => frame(Type.PING, random.bytes(8), random.below(2)),
    () => frame(Type.GOAWAY, Buffer.concat([uint32(value(), random.below(16)), random.bytes(random.below(400))])),
    () => frame(Type.PRIORITY, Buffer.concat([uint32(random.pick([streamId, value()])), random.bytes(1)])),
    () => frame(Type.DATA, random.bytes(random.below(200)), random.below(2)),
    () => frame(Type.HEADERS, random.bytes(random.below(40)), random.pick([0, 1, 4, 5, 0x24, 0x2d])),
    () => frame(Type.CONTINUATION, random.bytes(random.below(40)), random.pick([0, 4])),
    () => frame(Type.PUSH_PROMISE, random.bytes(random.below(40)), 4),
    () => frame(random.between(10, 255), random.bytes(random.below(60)), random.below(256)),
  ])();
  if (made.type === Type.SETTINGS || made.type === Type.PING || made.type === Type.GOAWAY) {
    if (random.chance(0.9)) made.streamId = 0;
  }
  frames.splice(random.below(frames.length + 1), 0, made);
}

/** Changes random bytes, or cuts the bytes off, wherever the frames begin. */
function mutatedBytes(bytes: Buffer, random: Random): Buffer {
  if (random.chance(0.1)) {
    for (let count = random.few(); count > 0 && bytes.length > 0; count--)
      bytes[random.below(bytes.length)] = random.below(256);
  }
  return random.chance(0.1) ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes;
}
