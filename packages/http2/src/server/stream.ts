import type { MessageHandler } from "../connection/handlers.js";
import { ErrorCode } from "../errors.js";
import type { HeaderBlock } from "../hpack/header-block.js";
import { NO_FIELDS } from "../hpack/header-list.js";
import { writeWholeMessage } from "../send/whole-message.js";
import { maySendHeaders, StreamState } from "../stream/state.js";
import { Stream } from "../stream/stream.js";

/** The callbacks of the owner of a server's stream. */
export interface RequestHandler extends MessageHandler<ServerStream> {}

/** A stream as the server sees it: a request and its response. `ServerConnectionHandler.onStream` receives it. */
export class ServerStream extends Stream {
  /** @internal */ declare handler: RequestHandler;

  /**
   * Sends the fields of the response. It does nothing if the stream is closed.
   * @param block the fields, with `:status` first
   * @param endStream whether the response has no body
   * @throws Error if the response has already been sent, TypeError for invalid fields (RFC 9113 §8.2),
   *   HeaderListSizeError for too many fields; nothing is sent then
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

  /**
   * Sends an informational (1xx) response, which precedes the final one (RFC 9113 §8.1). Throws like `respond()`.
   * @throws TypeError if the status is not from 100 to 199
   */
  inform(block: HeaderBlock, extra: readonly string[] = NO_FIELDS): void {
    if (this.isClosed) return;
    this.assertNoResponse();
    if (block.status < 100 || block.status > 199) throw new TypeError(`status ${block.status} is not informational`);
    this.connection.headers.check(block, extra);
    this.connection.headers.write(this.id, block, extra, false);
  }

  /**
   * Sends a whole response: its fields, a body that consists of `prefix` and `body`, and trailers. It is one write if
   * the peer's windows allow. `prefix` is copied, and so is a `body` of up to 16 KiB; a larger one must not change
   * until `onBodySent` or the end of the stream. Throws like `respond()`.
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
   * Asks the client to send no more of a request whose response has ended: it sends RST_STREAM with NO_ERROR behind the
   * response (RFC 9113 §8.1), and no callback follows. Without it the stream would stay open for as long as the client
   * likes. It does nothing if the request is complete by then.
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
