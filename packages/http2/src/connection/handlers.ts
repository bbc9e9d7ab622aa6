import type { ConnectionError, StreamError } from "../errors.js";
import type { GoAway } from "../frame/goaway.js";
import type { HeaderList } from "../hpack/header-list.js";

/**
 * The callbacks of the owner of a stream. All of them are called synchronously while received bytes are parsed
 * (`onDrain`: while a batch is written), and they may call any method of the stream and the connection. An exception
 * thrown by a callback resets the stream with INTERNAL_ERROR and is passed to the connection handler's
 * `onHandlerError`.
 *
 * Every stream ends in one of two ways: the peer's message ends (`endStream` or `onTrailers`), or `onReset` is called
 * once. After `stream.reset()` no callback is called.
 */
export interface MessageHandler<S> {
  /**
   * Receives bytes `[start, end)` of a body; there may be none if `endStream` is true. They are valid during the call
   * only, unless the connection's `bodiesMayBeKept` is true: then `buffer.subarray(start, end)` may be kept, which
   * keeps up to 64 KiB of memory alive.
   */
  onData(stream: S, buffer: Uint8Array, start: number, end: number, endStream: boolean): void;
  /** Receives the trailers, which end the message: `trailers.fields`, followed by `extra` (see {@link HeaderList}). */
  onTrailers(stream: S, trailers: HeaderList, extra: readonly string[]): void;
  /**
   * Reports that the stream ended before both messages were complete: the peer reset it, it was malformed, or its
   * connection ended. It may be called with NO_ERROR after a complete response if the server does not want the rest of
   * the request (RFC 9113 §8.1).
   */
  onReset(stream: S, error: StreamError): void;
  /**
   * Reports that more may be sent: the data for which `data()` or `message()` returned false has been sent, or there is
   * room again after `awaitRoom()`.
   */
  onDrain?(stream: S): void;
  /**
   * Reports that a body passed by reference has been handed to the operating system, so that its memory may be reused.
   * It may be called after the end of the stream. It is not called for a body that was copied or was dropped with its
   * stream.
   */
  onBodySent?(stream: S, body: Uint8Array): void;
}

/** The callbacks of the owner of a connection. They are called synchronously, like those of {@link MessageHandler}. */
export interface ConnectionHandler {
  /**
   * Reports once that the connection has ended, after `onReset` of every open stream. `error` is null after an orderly
   * end, in which no stream was lost.
   */
  onClose?(error: ConnectionError | null): void;
  /**
   * Reports that the peer accepts no new streams (RFC 9113 §6.8). Streams of a client above `lastStreamId` have been
   * reset with `notProcessed`.
   */
  onGoAway?(goAway: GoAway): void;
  /** Receives an exception thrown by a callback. Default: it is passed to `process.emitWarning`. */
  onHandlerError?(error: unknown): void;
}
