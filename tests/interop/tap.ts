// Listens between a client and a server, and records which messages were compressed, because few languages show that to
// a program.
import { connect, createServer, type Socket } from "node:net";

/** The compressed flags (0 or 1) in the prefixes of a call's messages. */
export interface TappedCall {
  readonly requests: number[];
  readonly responses: number[];
}

type CallOf = (streamId: number) => TappedCall;
type OnFrame = (type: number, flags: number, streamId: number, payload: Buffer) => void;

const prefaceBytes = 24; // RFC 9113 §3.4
const frameHeaderBytes = 9; // RFC 9113 §4.1
const messageHeaderBytes = 5; // gRPC over HTTP/2: one byte of flag, four of length
const DATA = 0x0;
const HEADERS = 0x1;
const PADDED = 0x8;

/** Listens between a client and a server. */
export interface Tap {
  /** The calls so far, in the order in which they began. */
  readonly calls: readonly TappedCall[];
  close(): void;
}

/** Listens at `path`, and relays everything to the server at `target` and back. */
export async function tap(path: string, target: string): Promise<Tap> {
  const calls: TappedCall[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect({ path: target });
    const streams = new Map<number, TappedCall>();
    const callOf = (id: number) => {
      const known = streams.get(id);
      if (known !== undefined) {
        return known;
      }
      const call = { requests: [], responses: [] };
      streams.set(id, call);
      calls.push(call);
      return call;
    };
    for (const [from, to, side, skip] of [
      [client, upstream, "requests", prefaceBytes],
      [upstream, client, "responses", 0],
    ] as const) {
      sockets.add(from);
      from.on("data", frameReader(skip, messageReader(callOf, side)));
      from.on("error", () => to.destroy());
      from.on("close", () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    calls,
    close() {
      server.close();
      for (const socket of sockets) {
        socket.destroy();
      }
    },
  };
}

/** Cuts bytes into HTTP/2 frames. */
function frameReader(bytesBefore: number, onFrame: OnFrame): (chunk: Buffer) => void {
  let buffered: Buffer = Buffer.alloc(0);
  let skip = bytesBefore;
  return (chunk) => {
    buffered = Buffer.concat([buffered, chunk]);
    if (skip > 0) {
      const skipped = Math.min(skip, buffered.length);
      skip -= skipped;
      buffered = buffered.subarray(skipped);
    }
    while (buffered.length >= frameHeaderBytes) {
      const end = frameHeaderBytes + buffered.readUIntBE(0, 3);
      if (buffered.length < end) {
        return;
      }
      onFrame(
        buffered.readUInt8(3),
        buffered.readUInt8(4),
        buffered.readUInt32BE(5) & 0x7fffffff,
        buffered.subarray(frameHeaderBytes, end),
      );
      buffered = buffered.subarray(end);
    }
  };
}

/** Finds the messages in the DATA frames of each stream. */
function messageReader(callOf: CallOf, side: keyof TappedCall): OnFrame {
  const open = new Map<number, { readonly rest: Buffer; readonly skip: number }>();
  return (type, flags, streamId, payload) => {
    if (type === HEADERS) {
      callOf(streamId);
      return;
    }
    if (type !== DATA) {
      return;
    }
    const isPadded = (flags & PADDED) !== 0;
    const data = isPadded ? payload.subarray(1, payload.length - payload.readUInt8(0)) : payload;
    let rest: Buffer = Buffer.concat([open.get(streamId)?.rest ?? Buffer.alloc(0), data]);
    let skip = open.get(streamId)?.skip ?? 0;
    for (;;) {
      const skipped = Math.min(skip, rest.length);
      rest = rest.subarray(skipped);
      skip -= skipped;
      if (skip > 0 || rest.length < messageHeaderBytes) {
        break;
      }
      callOf(streamId)[side].push(rest.readUInt8(0));
      skip = rest.readUInt32BE(1);
      rest = rest.subarray(messageHeaderBytes);
    }
    open.set(streamId, { rest, skip });
  };
}
