import type { ClientStream } from "./client-stream.js";
import { writeDataHeader } from "./frame/data.js";
import { FRAME_HEADER_BYTES } from "./frame/frame-header.js";
import { writeHeadersHeader } from "./frame/headers.js";
import type { HeaderBlock } from "./header-block.js";
import { copyMessage, copyShort } from "./sender.js";
import type { ServerStream } from "./server-stream.js";

/**
 * Requests and responses as one stretch of the outgoing buffer: what a short exchange comes down to when the field blocks have been
 * encoded before and no window is in the way. A quarter of a server's time for such an exchange is saved over writing the frames one by
 * one.
 *
 * Each returns whether it was done; if not, nothing has happened, and the message is to be written in steps.
 */

/** Fields and one message. */
export function writeWholeRequest(
  stream: ClientStream,
  block: HeaderBlock,
  prefix: Uint8Array | null,
  body: Uint8Array,
): boolean {
  const { sender, headers, output, guard } = stream.connection;
  const length = prefix === null ? body.length : prefix.length + body.length;
  if (!sender.mayCopyNow(stream, length)) return false;
  const fields = headers.encoded(block);
  if (fields === null) return false;

  output.reserve(2 * FRAME_HEADER_BYTES + fields.length + length);
  const { buffer } = output;
  let at = writeHeadersHeader(buffer, output.at, stream.id, fields.length, true, false);
  at = writeDataHeader(buffer, copyShort(buffer, at, fields), stream.id, length, true);
  output.at = copyMessage(buffer, at, prefix, body);

  sender.account(stream, length);
  guard.dataMoved();
  return true;
}

/** Fields, one message and trailers. */
export function writeWholeReply(
  stream: ServerStream,
  block: HeaderBlock,
  prefix: Uint8Array | null,
  body: Uint8Array,
  trailers: HeaderBlock,
): boolean {
  const { sender, headers, output, guard } = stream.connection;
  const length = prefix === null ? body.length : prefix.length + body.length;
  if (!sender.mayCopyNow(stream, length)) return false;
  const first = headers.encoded(block);
  const last = headers.encoded(trailers);
  if (first === null || last === null) return false;

  output.reserve(3 * FRAME_HEADER_BYTES + first.length + length + last.length);
  const { buffer } = output;
  let at = writeHeadersHeader(buffer, output.at, stream.id, first.length, true, false);
  at = writeDataHeader(buffer, copyShort(buffer, at, first), stream.id, length, false);
  at = writeHeadersHeader(buffer, copyMessage(buffer, at, prefix, body), stream.id, last.length, true, true);
  output.at = copyShort(buffer, at, last);

  sender.account(stream, length);
  guard.dataMoved();
  return true;
}
