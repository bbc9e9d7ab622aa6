import { writeDataHeader } from "../frame/data.js";
import { FRAME_HEADER_BYTES } from "../frame/frame-header.js";
import { writeHeadersHeader } from "../frame/headers.js";
import type { HeaderBlock } from "../hpack/header-block.js";
import type { Stream } from "../stream/stream.js";
import { copy, copyMessage } from "./data.js";

const NO_TRAILERS = new Uint8Array(0);

/**
 * Writes a whole request (fields and a body) or response (fields, a body and trailers) into one piece of the outgoing
 * buffer. This is possible if the field blocks have been encoded before and the windows allow it, as for most short
 * exchanges. It saves a quarter of a server's time for such an exchange, compared with writing the frames one by one.
 *
 * @returns whether the message was written; if not, nothing has happened, and it must be written in steps
 */
export function writeWholeMessage(
  stream: Stream,
  block: HeaderBlock,
  prefix: Uint8Array | null,
  body: Uint8Array,
  trailers: HeaderBlock | null,
): boolean {
  const { sender, headers, output, guard } = stream.connection;
  const length = prefix === null ? body.length : prefix.length + body.length;
  if (!sender.mayCopyNow(stream, length)) return false;
  const first = headers.encoded(block);
  const last = trailers === null ? NO_TRAILERS : headers.encoded(trailers);
  if (first === null || last === null) return false;

  output.reserve(3 * FRAME_HEADER_BYTES + first.length + length + last.length);
  const { buffer } = output;
  let at = writeHeadersHeader(buffer, output.at, stream.id, first.length, true, false);
  at = writeDataHeader(buffer, copy(buffer, at, first), stream.id, length, trailers === null);
  at = copyMessage(buffer, at, prefix, body);
  if (trailers !== null) {
    at = copy(buffer, writeHeadersHeader(buffer, at, stream.id, last.length, true, true), last);
  }
  output.at = at;

  sender.account(stream, length);
  guard.dataMoved();
  return true;
}
