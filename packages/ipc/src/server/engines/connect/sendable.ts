import { create, type DescMessage, type MessageShape, toBinary, toJsonString } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouterOptions,
  type ContextValues,
  type Interceptor,
  type StreamRequest,
  type UnaryRequest,
} from "@connectrpc/connect";
import { isGrpcFamily, methodName } from "../../../grpc/index.js";
import type { OnError } from "../../on-error.js";
import { internalError } from "../guard.js";
import { ConnectHeaders } from "./headers.js";

/** The calls that have reached their interceptors. */
const begun = new WeakSet<ContextValues>();

/** Tells whether the call with these context values has reached its interceptors, so that its request could be read. */
export function hasBegun(values: ContextValues): boolean {
  return begun.has(values);
}

/**
 * Creates an interceptor that passes on nothing that Connect's handlers cannot send. They would describe a message that
 * cannot be encoded to the caller and to nobody else, and a text with invalid Unicode would leave the call without a
 * response. The interceptor also turns errors of malformed messages in a stream of gRPC requests to Internal, as gRPC
 * specifies, and reports the progress of the call to `ConnectHeaders`.
 */
export function sendable(onError: OnError, options: ConnectRouterOptions): Interceptor {
  return (next) => async (req) => {
    begun.add(req.contextValues);
    const headers = ConnectHeaders.of(req.contextValues);
    headers?.follow(req);
    const report = (error: unknown) => onError(error, { method: methodName(req.method) });
    const check = checkFor(req, options, report);
    try {
      const res = await next(withRequests(req, headers));
      if (res.stream) {
        return { ...res, message: checked(res.message, check, report, headers) };
      }
      headers?.finish();
      check(res.message);
      return res;
    } catch (error) {
      headers?.finish();
      throw sendableError(error, report);
    }
  };
}

type Report = (error: unknown) => void;

/**
 * Returns a function that checks whether a message can be encoded, by encoding it. @throws {ConnectError} Internal,
 * without details.
 */
function checkFor(
  { method, header, url }: UnaryRequest | StreamRequest,
  { binaryOptions, jsonOptions }: ConnectRouterOptions,
  report: Report,
): (message: unknown) => void {
  const type: DescMessage = method.output;
  // Connect's GET requests have no body, and name its encoding in the query.
  const isJson = /\bjson\b/.test(header.get("content-type") ?? new URL(url).searchParams.get("encoding") ?? "");
  return (message) => {
    try {
      if (isJson) {
        toJsonString(type, message as MessageShape<DescMessage>, jsonOptions);
      } else {
        toBinary(type, message as MessageShape<DescMessage>, binaryOptions);
      }
    } catch (cause) {
      const error = new Error(`the handler of ${methodName(method)} returned a message that cannot be encoded`, {
        cause,
      });
      report(error);
      throw internalError(error);
    }
  };
}

async function* checked<T>(
  messages: AsyncIterable<T>,
  check: (message: T) => void,
  report: Report,
  headers: ConnectHeaders | undefined,
): AsyncIterable<T> {
  try {
    for await (const message of messages) {
      check(message);
      yield message;
    }
  } catch (error) {
    throw sendableError(error, report);
  } finally {
    headers?.finish();
  }
}

function sendableError(error: unknown, report: Report): unknown {
  if (!(error instanceof ConnectError)) {
    return error;
  }
  try {
    for (const detail of error.details) {
      if ("desc" in detail) {
        toBinary(detail.desc, create(detail.desc, detail.value));
      }
    }
  } catch (problem) {
    report(problem);
    return internalError(problem);
  }
  const message = wellFormed(error.rawMessage);
  if (message === error.rawMessage) {
    return error;
  }
  const sent = new ConnectError(message, error.code, error.metadata, undefined, error);
  sent.details = error.details;
  return sent;
}

/** Replaces lone surrogates, which UTF-8 does not have, with U+FFFD. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

function withRequests(
  req: UnaryRequest | StreamRequest,
  headers: ConnectHeaders | undefined,
): UnaryRequest | StreamRequest {
  if (!req.stream) {
    return req;
  }
  const isGrpc = isGrpcFamily(req.header.get("content-type") ?? "");
  return { ...req, message: requests(req.message, isGrpc, headers) };
}

/**
 * Yields requests. Malformed ones of gRPC fail with Internal. The headers are told while the handler waits for a
 * request.
 */
async function* requests<T>(
  messages: AsyncIterable<T>,
  isGrpc: boolean,
  headers: ConnectHeaders | undefined,
): AsyncIterable<T> {
  try {
    headers?.awaitRequest();
    for await (const message of messages) {
      headers?.requestIsThere();
      yield message;
      headers?.awaitRequest();
    }
    headers?.requestIsThere();
  } catch (error) {
    throw isGrpc && error instanceof ConnectError && error.code === Code.InvalidArgument
      ? new ConnectError(error.rawMessage, Code.Internal, error.metadata, undefined, error)
      : error;
  }
}
