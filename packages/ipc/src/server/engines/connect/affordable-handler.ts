import type { DescMethod } from "@bufbuild/protobuf";
import type { ConnectRouterOptions } from "@connectrpc/connect";
import type { Compression, UniversalHandler, UniversalServerRequest } from "@connectrpc/connect/protocol";
import { compressedFlag, envelopeBytes, isEnveloped, lengthAt } from "../../../grpc/index.js";
import { assertAffordable } from "../../../protobuf/affordable.js";
import { viewOf } from "../../../protobuf/bytes.js";
import { assertJsonAffordable } from "../../../protobuf/json-affordable.js";
import { alwaysAffordableBytes } from "../../../protobuf/message-cost.js";

/** A handler of Connect, with the maximum size of the messages that it reads. */
export interface Handler extends UniversalHandler {
  /** The maximum size of a message, in bytes. */
  readonly readMaxBytes: number;
}

/**
 * Checks a message before it is parsed. @throws {ConnectError} ResourceExhausted if it would take too much memory
 */
export type Check = (message: Uint8Array) => void;

/**
 * Returns a handler of Connect that refuses messages which would take memory out of proportion to their size. Connect
 * parses with protobuf-es, which has no such limit. Messages are checked before the handler gets them, and compressed
 * ones after the handler has decompressed them. A decompressed message does not tell whether it is JSON, so there is
 * one handler for JSON and one for binary messages.
 *
 * @param create creates the handler; its compressions must call the given check with each decompressed message
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

/** Returns a compression that checks each message after it has been decompressed. */
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

/** Tells whether the messages of a request are JSON. Connect's GET requests have no body and tell it in the query. */
export function speaksJson({ header, url }: Pick<UniversalServerRequest, "header" | "url">): boolean {
  return /\bjson\b/.test(header.get("content-type") ?? new URL(url).searchParams.get("encoding") ?? "");
}

/** Returns the body of a request, whose uncompressed messages are checked before it yields their last piece. */
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

/**
 * Yields a body that is one message, the last piece only after the message has been checked. A message that is larger
 * than `readMaxBytes` is not checked, since it is not parsed either.
 */
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

/** Yields a body of messages in envelopes. The piece that completes a message is yielded after it has been checked. */
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
