import {
  type ClientConnection,
  type ClientStream,
  type ConnectionError,
  ErrorCode,
  type ServerConnection,
  type ServerStream,
  type StreamError,
} from "@vyra/http2";
import type { Random } from "./random.js";
import { WatchedStream } from "./watched-stream.js";

/** Thrown by callbacks on purpose. */
export class Thrown extends Error {
  override readonly name = "Thrown";
}

/**
 * Does at random what programs may do with a connection: everything that the interface allows, also from within
 * callbacks, and some of what it refuses. Records where the connection breaks a promise.
 */
export abstract class Application<S extends ClientStream | ServerStream> {
  readonly problems: string[] = [];
  /** The events so far, to compare one run with another. */
  readonly seen: string[] = [];
  isClosed = false;
  protected abstract readonly connection: ClientConnection | ServerConnection;
  private readonly watched = new Map<S, WatchedStream>();
  private readonly streams: S[] = [];
  private readonly body: Buffer;

  constructor(
    protected readonly random: Random,
    /** Whether it does no more than it must, and always the same. */
    protected readonly isPassive: boolean,
  ) {
    this.body = Buffer.alloc(300_000, 98);
  }

  readonly onClose = (error: ConnectionError | null): void => {
    if (this.isClosed) this.problems.push("onClose twice");
    this.isClosed = true;
    if (this.isPassive) this.seen.push(`over ${error?.errorCode} ${error?.origin}`);
    if (error?.origin === "local" && error.errorCode === ErrorCode.INTERNAL_ERROR)
      this.noteThrown(error.cause ?? error);
    this.settle();
  };

  /** The connection has ended, so every stream must have ended as well, and its owner must have been told. */
  settle(): void {
    for (const watched of this.watched.values()) watched.settle();
  }

  readonly onHandlerError = (error: unknown): void => {
    if (!(error instanceof Thrown)) this.noteThrown(error);
  };

  /** Records errors that are defects, and ignores those with which the interface refuses misuse. */
  noteThrown(error: unknown): void {
    const isFault = !(error instanceof Error) || error instanceof TypeError || error instanceof RangeError;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (isFault || /internal error/.test(text)) this.problems.push(`thrown: ${text}`);
  }

  protected watch(stream: S): WatchedStream {
    const watched = new WatchedStream(stream, this.problems);
    this.watched.set(stream, watched);
    this.streams.push(stream);
    return watched;
  }

  protected of(stream: S): WatchedStream {
    const watched = this.watched.get(stream);
    if (watched === undefined) throw new Error(`stream ${stream.id} is nobody's`);
    return watched;
  }

  /** Returns a body of random size: mostly small, sometimes larger than any window. */
  protected someBody(): Buffer {
    return this.body.subarray(0, this.random.pick([0, 1, 5, 100, 1_000, 16_384, 16_385, 70_000, 300_000]));
  }

  protected attempt(what: () => void): void {
    try {
      what();
    } catch (error) {
      this.noteThrown(error);
    }
  }

  /** Sometimes does something unexpected. @throws Thrown */
  protected act(stream: S): void {
    if (this.isPassive || !this.random.chance(0.12)) return;
    const { random, connection } = this;
    const other = random.pick(this.streams);
    const action = random.below(16);
    if (action === 0) {
      this.abandon(stream);
      throw new Thrown("on purpose");
    }
    this.attempt(() => {
      switch (action) {
        case 1:
          connection.ping((roundTripMs) => {
            if (roundTripMs < 0) this.problems.push(`a round trip of ${roundTripMs} ms`);
            if (random.chance(0.1)) throw new Thrown("on purpose");
          });
          break;
        case 2:
          connection.updateSettings({
            initialWindowSize: random.pick([0, 1, 1_000, 65_535, 2 ** 22, 2 ** 31 - 1]),
            headerTableSize: random.pick([0, 100, 4_096, 65_536]),
            maxFrameSize: random.pick([16_384, 20_000, 2 ** 24 - 1]),
            maxHeaderListSize: random.pick([100, 65_536]),
            maxConcurrentStreams: random.pick([0, 1, 100]),
          });
          break;
        case 3:
          stream.pause();
          break;
        case 4:
          other.resume();
          break;
        case 5:
          other.consume(random.below(10_000));
          break;
        case 6:
          this.abandon(stream);
          stream.reset(random.pick([undefined, 0, 5, 2 ** 32 - 1]));
          break;
        case 7:
          this.abandon(other);
          other.reset();
          break;
        case 8:
          if (random.chance(0.3)) connection.close();
          break;
        case 9:
          if (random.chance(0.3)) connection.destroy("on purpose");
          break;
        case 10:
          other.data(this.someBody(), random.chance(0.3));
          break;
        case 11:
          other.message(Buffer.from([1, 2, 3]), this.someBody());
          break;
        case 12:
          other.end();
          break;
        case 13: {
          const room = stream.reserve(random.below(300));
          if (room !== null) {
            room.buffer.fill(7, room.start, room.end);
            stream.commit(random.chance(0.5));
          }
          break;
        }
        default:
          this.actOnRole(other);
      }
    });
  }

  protected abstract actOnRole(stream: S): void;

  /** Expects no further callbacks of a stream that the program resets. The stream may be over already. */
  private abandon(stream: S): void {
    if (!stream.isClosed) this.of(stream).abandoned();
  }

  protected onReset(stream: S, error: StreamError): void {
    this.of(stream).onReset(error);
    // All streams end with the connection, but its error is not recorded for each of them.
    if (error.cause === undefined) this.note(stream, `reset ${error.errorCode} ${error.origin}`);
    this.act(stream);
  }

  protected onDrain(stream: S): void {
    this.of(stream).onDrain();
    this.act(stream);
    if (!stream.isClosed) this.attempt(() => stream.data(this.someBody(), true));
  }

  protected note(stream: S, what: string): void {
    if (this.isPassive) this.seen.push(`${stream.id} ${what}`);
  }

  /** Checks that the body is the same, however it was cut into pieces. */
  protected noteBody(stream: S, bytes: number, endStream: boolean): void {
    if (!this.isPassive) return;
    const [last, before] = [this.seen.at(-1), /^(\d+) body (\d+) false$/.exec(this.seen.at(-1) ?? "")];
    const isSame = last !== undefined && before !== null && Number(before[1]) === stream.id;
    const sum = bytes + (isSame ? Number(before[2]) : 0);
    if (isSame) this.seen.pop();
    this.seen.push(`${stream.id} body ${sum} ${endStream}`);
  }
}
