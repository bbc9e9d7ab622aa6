import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { ErrorCode, type GoAway } from "@vyra/http2";
import {
  FrameFilter,
  flag,
  flagsAt,
  frameType,
  goAwayOf,
  has,
  isTooShort,
  payloadOf,
  setPayload,
  streamIdOf,
  typeOf,
} from "./frames.js";

/** Receives what the wire observes. */
export interface WireListener {
  /** Called when the server has sent something. */
  onHeard(): void;
  /** Called when the server has sent SETTINGS, which shows that it speaks HTTP/2. */
  onSettings(): void;
  /** Called when the end of the request on a stream has been written. */
  onRequestSent(streamId: number): void;
  /** Called with a part of the response on a stream. */
  onData(streamId: number, part: Buffer): void;
  /** Called when the server has reset a stream, RFC 9113 §6.4. */
  onReset(streamId: number, code: number): void;
  /** Called when the server has sent GOAWAY: it will not process later streams than the last one, RFC 9113 §6.8. */
  onGoaway(goAway: GoAway): void;
  /** Called once when the connection has ended, with the reason if it is known. */
  onLost(cause: unknown): void;
}

/** The connection preface of an HTTP/2 client, 24 bytes that are not a frame, RFC 9113 §3.4. */
const prefaceBytes = 24;

/**
 * The socket as undici sees it. It observes and corrects what passes (docs/reference/engines.md describes each case):
 *
 * - Response data are read here. undici drops data that it has not delivered when the trailers arrive.
 * - GOAWAY is removed. undici 7 would fail calls that the server still answers, and undici 8 would send some again.
 * - A cancelled call ends with CANCEL. undici ends the request as if it were complete, then resets it with NO_ERROR.
 */
export class Wire extends Duplex {
  /** Tells undici that this is HTTP/2, as TLS would. */
  readonly alpnProtocol = "h2";
  #isLost = false;
  readonly #cancelled = new Set<number>();
  /** The streams whose requests end with what is being written. */
  #ending: number[] = [];
  readonly #inbound: FrameFilter;
  readonly #outbound: FrameFilter;

  constructor(
    private readonly socket: Socket,
    private readonly listener: WireListener,
  ) {
    super({ allowHalfOpen: false });
    this.on("error", () => {}); // it is for undici, which may not listen yet, or no longer
    this.#inbound = new FrameFilter({
      types: [frameType.settings, frameType.rstStream, frameType.goaway],
      frame: (frame) => this.#receive(frame),
      data: (streamId, part) => listener.onData(streamId, part),
    });
    this.#outbound = new FrameFilter(
      {
        types: [frameType.rstStream],
        frame: (frame) => this.#correctReset(frame),
        dataHead: (head) => this.#correctEnd(head),
      },
      prefaceBytes,
    );
    socket.on("data", (chunk: Buffer) => {
      listener.onHeard();
      for (const piece of this.#inbound.pass(chunk)) {
        if (!this.push(piece)) {
          socket.pause();
        }
      }
    });
    socket.once("end", () => this.#end(undefined));
    socket.once("error", (error) => this.#end(error));
    socket.once("close", () => this.#end(undefined));
  }

  /** Makes a stream that undici is about to end be cancelled instead. */
  cancel(streamId: number): void {
    this.#cancelled.add(streamId);
  }

  // The session decides when the process is kept alive; undici would also do so for a connection without calls.
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {
    this.socket.resume();
  }

  override _write(chunk: Buffer, _encoding: unknown, done: () => void): void {
    this.#send(this.#outbound.pass(chunk), done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    const pieces = chunks.flatMap(({ chunk }) => this.#outbound.pass(chunk));
    this.#send(pieces, done);
  }

  override _final(done: () => void): void {
    this.socket.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error) => void): void {
    this.#end(error ?? undefined);
    this.socket.destroy();
    // undici looks for the reason of an error-free end in a socket that it has forgotten, where it throws.
    done(error ?? new Error("the connection was closed"));
  }

  #receive(frame: Buffer): boolean {
    if (isTooShort(frame)) {
      return true; // Node.js ends the connection for it, RFC 9113 §4.2
    }
    switch (typeOf(frame)) {
      case frameType.settings:
        if (!has(frame, flag.ack)) {
          this.listener.onSettings();
        }
        return true;
      case frameType.rstStream:
        this.listener.onReset(streamIdOf(frame), payloadOf(frame));
        return true;
      default: // a GOAWAY
        this.listener.onGoaway(goAwayOf(frame));
        return false;
    }
  }

  #correctEnd(head: Buffer): void {
    if (!has(head, flag.endStream)) {
      return;
    }
    const streamId = streamIdOf(head);
    if (this.#cancelled.has(streamId)) {
      head.writeUInt8((head[flagsAt] ?? 0) & ~flag.endStream, flagsAt);
    } else {
      this.#ending.push(streamId);
    }
  }

  #correctReset(frame: Buffer): boolean {
    if (this.#cancelled.delete(streamIdOf(frame))) {
      setPayload(frame, ErrorCode.CANCEL);
    }
    return true;
  }

  #send(pieces: Buffer[], done: () => void): void {
    const last = pieces.pop();
    if (last === undefined) {
      done();
      return;
    }
    this.socket.cork();
    for (const piece of pieces) {
      this.socket.write(piece);
    }
    const ended = this.#ending;
    this.#ending = [];
    // An error ends the connection, which is reported separately.
    this.socket.write(last, () => {
      done();
      for (const streamId of ended) {
        this.listener.onRequestSent(streamId);
      }
    });
    this.socket.uncork();
  }

  #end(cause: unknown): void {
    if (this.#isLost) {
      return;
    }
    this.#isLost = true;
    this.listener.onLost(cause);
    // Received data can still be read.
    this.push(null);
  }
}
