import type { ConnectionError, StreamError } from "../errors.js";
import type { GoAway } from "../frame/goaway.js";
import type { HeaderList } from "../hpack/header-list.js";

/**
 * What the owner of a stream is told. All of it happens synchronously while received bytes are parsed (onDrain: while a batch is
 * written), and any method of stream and connection may be called from within. What a method here throws resets the stream with
 * INTERNAL_ERROR and goes to the connection handler's `onHandlerError`.
 *
 * Every stream ends in one of two ways: its message ends (`endStream`, or onTrailers) or onReset is called, once. After
 * `stream.reset()` nothing is called any more.
 */
export interface MessageHandler<S> {
  /**
   * The bytes `[start, end)` of a body, possibly none when `endStream`. They are valid during the call only, unless the
   * connection's `bodiesMayBeKept` says otherwise: then `buffer.subarray(start, end)` may be kept (and keeps up to 64 KiB alive).
   */
  onData(stream: S, buffer: Uint8Array, start: number, end: number, endStream: boolean): void;
  /** The fields after the body, which is complete: `trailers.fields`, then `extra` (see {@link HeaderList}). */
  onTrailers(stream: S, trailers: HeaderList, extra: readonly string[]): void;
  /**
   * The stream is over before both messages were complete: reset by the peer, malformed, or gone with its connection. After a
   * complete response this may still come, with NO_ERROR: the server wants no more of the request (RFC 9113 §8.1).
   */
  onReset(stream: S, error: StreamError): void;
  /** What `data()` or `message()` returned false for has left; more is welcome. */
  onDrain?(stream: S): void;
  /**
   * A body that was kept by reference has been handed to the operating system, and its memory may be used again. Comes after the
   * stream's end as well; never comes for what was copied at once, or dropped with its stream.
   */
  onBodySent?(stream: S, body: Uint8Array): void;
}

/** What the owner of a connection is told, synchronously, as {@link MessageHandler} has it. */
export interface ConnectionHandler {
  /**
   * The connection is over, and every stream's onReset has been called; once. `null` after an orderly end: nothing was lost.
   */
  onClose?(error: ConnectionError | null): void;
  /** The peer takes no new streams (RFC 9113 §6.8); those above `lastStreamId` have been reset with `notProcessed`. */
  onGoAway?(goAway: GoAway): void;
  /** A handler threw. Default: `process.emitWarning`. */
  onHandlerError?(error: unknown): void;
}
