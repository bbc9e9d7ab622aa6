import { Flag, type Frame, FrameSplitter, magic, Type } from "../support/wire.js";
import { Decoder } from "./hpack.js";

/** What one end of a connection sent in a conversation that went well. */
export interface Recording {
  readonly name: string;
  /** The number of requests that the client made. */
  readonly requests: number;
  /** The frames, without the client's connection preface. */
  readonly frames: readonly Frame[];
}

/** Collects what one end sends. */
export class Recorder {
  private readonly chunks: Buffer[] = [];

  add(bytes: Buffer): void {
    this.chunks.push(Buffer.from(bytes));
  }

  recording(name: string, requests: number): Recording {
    const bytes = Buffer.concat(this.chunks);
    const isClient = bytes.subarray(0, magic.length).equals(magic);
    const frames = new FrameSplitter().push(isClient ? bytes.subarray(magic.length) : bytes);
    readFields(frames);
    return { name, requests, frames };
  }
}

/** Decodes the field blocks, and records the fields of those that are a single frame. */
function readFields(frames: readonly Frame[]): void {
  const decoder = new Decoder(2 ** 20);
  decoder.setTableLimit(2 ** 20);
  let open: { readonly first: Frame; readonly fragments: Buffer[] } | undefined;
  for (const frame of frames) {
    if (frame.type === Type.HEADERS) open = { first: frame, fragments: [fragmentOf(frame)] };
    else if (frame.type === Type.CONTINUATION) open?.fragments.push(frame.payload);
    if (open === undefined || (frame.flags & Flag.END_HEADERS) === 0) continue;
    const block = Buffer.concat(open.fragments);
    const list = decoder.decode(block, 0, block.length);
    if (open.fragments.length === 1) open.first.fields = [...list.fields, ...decoder.extra];
    open = undefined;
  }
}

/** Returns the part of the field block in a HEADERS frame, without padding and priority. */
function fragmentOf({ flags, payload }: Frame): Buffer {
  const isPadded = (flags & Flag.PADDED) !== 0;
  const padding = isPadded ? (payload[0] ?? 0) : 0;
  const start = (isPadded ? 1 : 0) + ((flags & Flag.PRIORITY) !== 0 ? 5 : 0);
  return payload.subarray(start, payload.length - padding);
}
