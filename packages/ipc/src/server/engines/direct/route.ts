import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouterOptions, type Interceptor } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { HeaderBlock, type HeaderList } from "@vyra/http2";
import {
  acceptEncodingHeader,
  compressionFor,
  compressionNamed,
  contentTypeOf,
  encodingHeader,
  fieldOf,
  grpcFormat,
  parseTimeout,
  timeoutHeader,
} from "../../../grpc/index.js";
import { type RequestKind, requestKindOf } from "../../../interceptors/request.js";
import { acceptedByDefault } from "../../../messages/gzip.js";
import type { SingleMessageRules } from "../../../messages/single-message.js";
import { binaryCodec, type Codec, jsonCodec } from "../../../protobuf/codec.js";
import type { MethodCalls } from "../../../stats/index.js";
import { connectErrorFrom } from "../../../user-code/thrown.js";
import type { OnError } from "../../on-error.js";
import type { EngineOptions } from "../engine.js";
import { type RecordedMethod, unimplemented } from "../routes.js";

/** A message format: the codecs, and the response headers that name it. */
export interface Format {
  readonly input: Codec;
  readonly output: Codec;
  /** The headers of a response with messages. */
  readonly headers: HeaderBlock;
}

/** A method with its resolved options. */
export class Route {
  readonly desc: DescMethod;
  /** What interceptors see of all requests. */
  readonly requestKind: RequestKind;
  readonly implementation: (...args: never[]) => unknown;
  readonly interceptors: readonly Interceptor[];
  readonly readMaxBytes: number;
  readonly writeMaxBytes: number;
  readonly compressMinBytes: number;
  /** The compressions accepted in requests, and those used for responses if the caller accepts them. */
  readonly compressions: readonly Compression[];
  readonly responseCompressions: readonly Compression[];
  readonly maxTimeoutMs: number;
  /** The rules for the requests of a unary method. */
  readonly requestRules: SingleMessageRules;
  readonly binary: Format;
  readonly json: Format;

  constructor(
    { desc, implementation, options: own }: RecordedMethod,
    router: EngineOptions["router"],
    readonly calls: MethodCalls,
    readonly onError: OnError,
  ) {
    const options: ConnectRouterOptions = { ...router, ...own };
    this.desc = desc;
    this.requestKind = requestKindOf(desc);
    this.implementation = implementation ?? unimplemented(desc);
    this.interceptors = options.interceptors ?? router.interceptors;
    this.readMaxBytes = options.readMaxBytes ?? router.readMaxBytes;
    this.writeMaxBytes = options.writeMaxBytes ?? router.writeMaxBytes;
    this.compressMinBytes = options.compressMinBytes ?? router.compressMinBytes;
    this.compressions = options.acceptCompression ?? router.acceptCompression;
    this.responseCompressions = this.compressions === acceptedByDefault ? [] : this.compressions;
    this.requestRules = { readMaxBytes: this.readMaxBytes, name: "input" };
    this.maxTimeoutMs = options.maxTimeoutMs ?? router.maxTimeoutMs ?? Number.POSITIVE_INFINITY;
    this.binary = {
      input: binaryCodec(desc.input as DescMessage, options),
      output: binaryCodec(desc.output as DescMessage, options),
      headers: responseHeaders(contentTypeOf(true), this.compressions),
    };
    this.json = {
      input: jsonCodec(desc.input as DescMessage, options),
      output: jsonCodec(desc.output as DescMessage, options),
      headers: responseHeaders(contentTypeOf(false), this.compressions),
    };
  }
}

function responseHeaders(contentType: string, compressions: readonly Compression[]): HeaderBlock {
  const names = compressions.map(({ name }) => name).join(",");
  const accepted = names === "" ? [] : [acceptEncodingHeader, names];
  return HeaderBlock.of([":status", "200", "content-type", contentType, ...accepted]);
}

/** What follows from the headers of a request. It is stored with header lists that are received repeatedly. */
export interface RequestFacts {
  readonly route: Route;
  readonly format: Format;
  /** The error with which the call fails before it begins. */
  readonly problem: ConnectError | undefined;
  readonly timeoutMs: number | undefined;
  /** The compressions of the request's and of the response's messages. */
  readonly requestEncoding: Compression | null;
  readonly responseEncoding: Compression | null;
}

/** Returns the facts of a gRPC request to one of these routes; undefined for other requests. */
export function factsOf(
  routes: ReadonlyMap<string, Route>,
  list: HeaderList,
  extra: readonly string[],
): RequestFacts | undefined {
  if (extra.length > 0) {
    return inspect(routes, list.fields, extra);
  }
  // null means that the list was inspected and is not for these routes.
  list.memo ??= inspect(routes, list.fields, extra) ?? null;
  return (list.memo as RequestFacts | null) ?? undefined;
}

function inspect(
  routes: ReadonlyMap<string, Route>,
  fields: readonly string[],
  extra: readonly string[],
): RequestFacts | undefined {
  const route = routes.get(fieldOf(":path", fields, extra) ?? "");
  const format = grpcFormat(fieldOf("content-type", fields, extra));
  if (
    route === undefined ||
    (format !== "proto" && format !== "json") ||
    fieldOf(":method", fields, extra) !== "POST"
  ) {
    return undefined;
  }
  let problem: ConnectError | undefined;
  let requestEncoding: Compression | null = null;
  let timeoutMs: number | undefined;
  try {
    requestEncoding = compressionNamed(fieldOf(encodingHeader, fields, extra), route.compressions);
    timeoutMs = timeoutOf(fieldOf(timeoutHeader, fields, extra), route.maxTimeoutMs);
  } catch (error) {
    problem = connectErrorFrom(error);
  }
  return {
    route,
    format: format === "json" ? route.json : route.binary,
    problem,
    timeoutMs,
    requestEncoding,
    responseEncoding: compressionFor(fieldOf(acceptEncodingHeader, fields, extra), route.responseCompressions),
  };
}

function timeoutOf(value: string | undefined, maxTimeoutMs: number): number | undefined {
  if (value === undefined) {
    return undefined;
  }
  const timeoutMs = parseTimeout(value);
  if (timeoutMs === undefined) {
    throw new ConnectError(`protocol error: invalid grpc timeout value: ${value}`, Code.InvalidArgument);
  }
  if (timeoutMs > maxTimeoutMs) {
    throw new ConnectError(`timeout ${timeoutMs}ms must be <= ${maxTimeoutMs}`, Code.InvalidArgument);
  }
  return timeoutMs;
}
