import type { MessageHandler } from "../connection/handlers.js";
import { ErrorCode } from "../errors.js";
import type { HeaderBlock } from "../hpack/header-block.js";
import { NO_FIELDS } from "../hpack/header-list.js";
import { writeWholeMessage } from "../send/whole-message.js";
import { maySendHeaders, StreamState } from "../stream/state.js";
import { Stream } from "../stream/stream.js";

/** For a server's streams. */
export interface RequestHandler extends MessageHandler<ServerStream> {}

/** A request and its response, as the server sees them. Handed to ServerConnectionHandler.onStream. */
export class ServerStream extends Stream {
  /** @internal */ declare handler: RequestHandler;

  /**
   * Sends the response's fields; `:status` comes first in `block`.
   * @param endStream there is no body
   * @throws TypeError, HeaderListSizeError; nothing is sent then
   */
  respond(block: HeaderBlock, extra: readonly string[] = NO_FIELDS, endStream = false): void {
    if (this.isClosed) return;
    this.assertNoResponse();
    const { headers } = this.connection;
    headers.check(block, extra);
    headers.write(this.id, block, extra, endStream);
    this.state |= StreamState.HEADERS_SENT;
    if (endStream) this.endSent();
  }

  /** Sends a 1xx response; the final one is still to follow (RFC 9113 §8.1). */
  inform(block: HeaderBlock, extra: readonly string[] = NO_FIELDS): void {
    if (this.isClosed) return;
    this.assertNoResponse();
    if (block.status < 100 || block.status > 199) throw new TypeError(`status ${block.status} is not informational`);
    this.connection.headers.check(block, extra);
    this.connection.headers.write(this.id, block, extra, false);
  }

  /**
   * A whole response in one call, and in one piece when the peer's windows allow: fields, one message of `prefix` and `body`,
   * trailers. `prefix` is copied, and so is a `body` of up to 16 KiB; a larger one must not change until onBodySent or the stream's end.
   * @throws TypeError, HeaderListSizeError; nothing is sent then
   */
  reply(
    block: HeaderBlock,
    extra: readonly string[],
    prefix: Uint8Array | null,
    body: Uint8Array,
    trailers: HeaderBlock,
    trailersExtra: readonly string[] = NO_FIELDS,
  ): void {
    if (this.isClosed) return;
    const isPlain = extra.length === 0 && trailersExtra.length === 0 && maySendHeaders(this.state);
    if (isPlain && writeWholeMessage(this, block, prefix, body, trailers)) {
      this.endSent();
      return;
    }
    this.connection.headers.check(trailers, trailersExtra);
    this.respond(block, extra, false);
    this.message(prefix, body, false);
    this.wantsDrain = false;
    this.trailers(trailers, trailersExtra);
  }

  /**
   * For the end of a response to a request that is not complete: asks the client to send no more of it, by RST_STREAM with NO_ERROR
   * behind the last of the response (RFC 9113 §8.1), and nothing is called any more. Otherwise the stream would stay open for as long
   * as the client likes. Does nothing if the request is complete by then.
   * @throws Error if the response has not been ended
   */
  dropRequest(): void {
    if (this.isClosed) return;
    if ((this.state & StreamState.END_QUEUED) === 0) {
      throw new Error(`the response on stream ${this.id} has not been ended`);
    }
    if (this.outbox === null) this.reset(ErrorCode.NO_ERROR);
    else this.outbox.resets = true;
  }

  private assertNoResponse(): void {
    if (!maySendHeaders(this.state)) throw new Error(`stream ${this.id} has been responded to already`);
  }
}
