import type { ConnectError } from "@connectrpc/connect";
import type { UniversalClientFn, UniversalClientResponse } from "@connectrpc/connect/protocol";
import { contentTypeOf, errorOf, incompleteMessage, responseProblem } from "../../../grpc/index.js";
import { EnvelopeMeter } from "../../../messages/envelope-meter.js";

/** The errors that servers have sent as status. All other errors of a response were created on this side. */
const statuses = new WeakSet<ConnectError>();

/** Tells whether this error is the status with which a server ended its call. */
export function isServerStatus(error: ConnectError): boolean {
  return statuses.has(error);
}

/**
 * Wraps an HTTP client so that a response's status is read as gRPC specifies, before Connect reads it. Connect ignores
 * a status without a content type, prefers the code in the details to the status, fails for details and messages that
 * are not encoded properly, and mistakes an envelope without its message for a regular end.
 */
export function withGrpcStatus(send: UniversalClientFn, isBinary: boolean): UniversalClientFn {
  return async (request) => withStatusChecked(await send(request), isBinary);
}

async function withStatusChecked(
  response: UniversalClientResponse,
  isBinary: boolean,
): Promise<UniversalClientResponse> {
  const { status, header, trailer } = response;
  const problem = responseProblem(status, header.get("content-type") ?? undefined, isBinary);
  const hasStatus = header.has("grpc-status");
  if (problem !== undefined && !hasStatus) {
    throw problem;
  }
  const body = response.body[Symbol.asyncIterator]();
  if (!hasStatus) {
    return { ...response, body: untilStatus(body, undefined, header, trailer) };
  }
  // A status in the headers counts only if nothing else follows, in a Trailers-Only response.
  const first = await body.next();
  const isTrailersOnly = first.done === true && !trailer.has("grpc-status");
  if (isTrailersOnly) {
    const error = statusOf(header, header);
    if (error !== undefined) {
      throw error;
    }
  } else if (problem !== undefined) {
    throw problem;
  }
  const plain = new Headers(header);
  if (problem !== undefined) {
    // Connect checks these fields as well, but they have no meaning any more.
    plain.set("content-type", contentTypeOf(isBinary));
  }
  if (!isTrailersOnly) {
    plain.delete("grpc-status");
  }
  return { ...response, status: 200, header: plain, body: untilStatus(body, first, header, trailer) };
}

/** Returns the body, which fails with the status that follows it. */
function untilStatus(
  body: AsyncIterator<Uint8Array>,
  first: IteratorResult<Uint8Array> | undefined,
  header: Headers,
  trailer: Headers,
): AsyncIterableIterator<Uint8Array> {
  const meter = new EnvelopeMeter();
  let read = first;
  return {
    async next() {
      const result = read ?? (await body.next());
      read = undefined;
      if (result.done !== true) {
        meter.add(result.value);
        return result;
      }
      const error = trailer.has("grpc-status") ? statusOf(trailer, header) : undefined;
      if (error !== undefined) {
        throw error;
      }
      if (!meter.isAtEnd) {
        throw incompleteMessage();
      }
      return result;
    },
    async throw(error) {
      await body.throw?.(error);
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Returns the error in these fields, with all metadata of the response; undefined if the call succeeded. */
function statusOf(fields: Headers, header: Headers): ConnectError | undefined {
  const error = errorOf([...fields].flat(), [], () => {
    const metadata = new Headers(header);
    if (fields !== header) {
      for (const [name, value] of fields) {
        metadata.append(name, value);
      }
    }
    return metadata;
  });
  if (error !== undefined) {
    statuses.add(error);
  }
  return error;
}
