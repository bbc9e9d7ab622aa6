import type { DescMethod } from "@bufbuild/protobuf";
import type { ConnectRouterOptions } from "@connectrpc/connect";
import type { Compression, UniversalHandler, UniversalServerRequest } from "@connectrpc/connect/protocol";
import { compressedFlag, envelopeBytes, lengthAt } from "../../../grpc/index.js";
import { assertAffordable } from "../../../protobuf/affordable.js";
import { viewOf } from "../../../protobuf/bytes.js";
import { assertJsonAffordable } from "../../../protobuf/json-affordable.js";
import { alwaysAffordableBytes } from "../../../protobuf/message-cost.js";
import { isEnveloped } from "./whole-messages.js";

/** One of Connect's handlers, and how large a message may be that it reads. */
export interface Handler extends UniversalHandler {
  readonly readMaxBytes: number;
}

/** Looks at a message that is going to be parsed. @throws {ConnectError} ResourceExhausted for one that would cost too much */
export type Check = (message: Uint8Array) => void;

/**
 * A handler of Connect's that parses no message which would take memory out of proportion to its bytes: it parses by protobuf-es, which
 * does not count. Messages are looked at before it gets them, and compressed ones when it has decompressed them; there a message does not
 * tell whether it is JSON, so there is a handler for each.
 *
 * @param create makes the handler; what it is given is to look at what comes out of its compressions
 */
export function affordableHandler(
  method: DescMethod,
  { readMaxBytes = 0xffffffff, binaryOptions }: ConnectRouterOptions,
  create: (check: Check) => UniversalHandler,
): Handler {
  const dropsUnknown = binaryOptions?.readUnknownFields === false;
  const checkBinary: Check = (message) => assertAffordable(method.input, message, dropsUnknown);
  const checkJson: Check = (message) => assertJsonAffordable(method.input, message);
  const binary = create(checkBinary);
  let json: UniversalHandler | undefined;
  const handle = (request: UniversalServerRequest) => {
    const isJson = speaksJson(request);
    if (isJson) {
      json ??= create(checkJson);
    }
    const body = affordable(request, readMaxBytes, isJson ? checkJson : checkBinary);
    return (isJson && json !== undefined ? json : binary)({ ...request, body });
  };
  const { service, requestPath, supportedContentType, protocolNames, allowedMethods } = binary;
  return Object.assign(handle, {
    ...{ service, method, requestPath, supportedContentType, protocolNames, allowedMethods },
    readMaxBytes,
  });
}

/** A compression of which what comes out is looked at. */
export function checking(compression: Compression, check: Check): Compression {
  return {
    name: compression.name,
    compress: (bytes) => compression.compress(bytes),
    async decompress(bytes, readMaxBytes) {
      const message = await compression.decompress(bytes, readMaxBytes);
      check(message);
      return message;
    },
  };
}

/** Whether the messages of a request are JSON: Connect's GET requests have no body, and say so in the query. */
export function speaksJson({ header, url }: Pick<UniversalServerRequest, "header" | "url">): boolean {
  return /\bjson\b/.test(header.get("content-type") ?? new URL(url).searchParams.get("encoding") ?? "");
}

function affordable(
  { header, body }: UniversalServerRequest,
  readMaxBytes: number,
  check: Check,
): UniversalServerRequest["body"] {
  if (!(typeof body === "object" && body !== null && Symbol.asyncIterator in body)) {
    return body;
  }
  const bytes = body as AsyncIterable<Uint8Array>;
  if (isEnveloped(header.get("content-type") ?? "")) {
    return affordableMessages(bytes, readMaxBytes, check);
  }
  const isCompressed = (header.get("content-encoding") ?? "identity") !== "identity";
  return isCompressed ? bytes : affordableMessage(bytes, readMaxBytes, check);
}

/** A body that is one message: its last piece is given away when it has been looked at. Of one that is too large nothing is parsed. */
async function* affordableMessage(
  body: AsyncIterable<Uint8Array>,
  readMaxBytes: number,
  check: Check,
): AsyncIterable<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body) {
    const last = parts.at(-1);
    length += part.length;
    parts.push(part);
    if (last !== undefined) {
      yield last;
    }
    if (length > readMaxBytes) {
      yield part;
      yield* body;
      return;
    }
  }
  const last = parts.at(-1);
  if (last !== undefined) {
    check(joined(parts, length));
    yield last;
  }
}

/** Likewise for messages in envelopes. */
async function* affordableMessages(
  body: AsyncIterable<Uint8Array>,
  readMaxBytes: number,
  check: Check,
): AsyncIterable<Uint8Array> {
  const head = new Uint8Array(envelopeBytes);
  let headBytes = 0;
  let missing = 0;
  let length = 0;
  let parts: Uint8Array[] | undefined;
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; ) {
      if (missing === 0) {
        head[headBytes++] = chunk[at++] as number;
        if (headBytes === envelopeBytes) {
          headBytes = 0;
          length = lengthAt(head, 0);
          missing = length;
          const isCompressed = ((head[0] as number) & compressedFlag) !== 0;
          parts = length > alwaysAffordableBytes && length <= readMaxBytes && !isCompressed ? [] : undefined;
        }
        continue;
      }
      const taken = Math.min(missing, chunk.length - at);
      parts?.push(viewOf(chunk, at, at + taken));
      at += taken;
      missing -= taken;
      if (missing === 0 && parts !== undefined) {
        check(joined(parts, length));
        parts = undefined;
      }
    }
    yield chunk;
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts, length);
}
