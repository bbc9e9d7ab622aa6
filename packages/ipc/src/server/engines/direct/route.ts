import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { HeaderBlock, type HeaderList } from "@vyra/http2";
import {
  acceptEncodingHeader,
  acceptedByDefault,
  binaryCodec,
  type Codec,
  compressionFor,
  compressionNamed,
  connectErrorFrom,
  encodingHeader,
  fieldOf,
  jsonCodec,
  parseTimeout,
  timeoutHeader,
} from "../../../grpc/index.js";
import type { MethodCalls } from "../../../stats/index.js";
import type { EngineOptions } from "../../engine.js";
import { type RecordedMethod, unimplemented } from "../../routes.js";

/** A format in which messages travel: how they are read and written, and the response's headers that say so. */
export interface Format {
  readonly input: Codec;
  readonly output: Codec;
  /** The headers of a response with messages. */
  readonly headers: HeaderBlock;
}

/** A method as it is served. */
export class Route {
  readonly desc: DescMethod;
  readonly implementation: (...args: never[]) => unknown;
  readonly interceptors: readonly Interceptor[];
  readonly readMaxBytes: number;
  readonly writeMaxBytes: number;
  readonly compressMinBytes: number;
  /** What requests may be compressed with, and what responses are, if their callers take it. */
  readonly compressions: readonly Compression[];
  readonly responseCompressions: readonly Compression[];
  readonly maxTimeoutMs: number;
  readonly binary: Format;
  readonly json: Format;

  constructor(
    { desc, implementation, options: own }: RecordedMethod,
    router: EngineOptions["router"],
    readonly calls: MethodCalls,
  ) {
    const options = { ...router, ...own };
    this.desc = desc;
    this.implementation = implementation ?? unimplemented(desc);
    this.interceptors = options.interceptors ?? [];
    this.readMaxBytes = options.readMaxBytes ?? 0xffffffff;
    this.writeMaxBytes = options.writeMaxBytes ?? 0xffffffff;
    this.compressMinBytes = options.compressMinBytes ?? 1024;
    this.compressions = options.acceptCompression ?? acceptedByDefault;
    this.responseCompressions = this.compressions === acceptedByDefault ? [] : this.compressions;
    this.maxTimeoutMs = options.maxTimeoutMs ?? Number.POSITIVE_INFINITY;
    this.binary = {
      input: binaryCodec(desc.input as DescMessage, options),
      output: binaryCodec(desc.output as DescMessage, options),
      headers: responseHeaders("application/grpc+proto", this.compressions),
    };
    this.json = {
      input: jsonCodec(desc.input as DescMessage, options),
      output: jsonCodec(desc.output as DescMessage, options),
      headers: responseHeaders("application/grpc+json", this.compressions),
    };
  }
}

function responseHeaders(contentType: string, compressions: readonly Compression[]): HeaderBlock {
  const names = compressions.map(({ name }) => name).join(",");
  const accepted = names === "" ? [] : [acceptEncodingHeader, names];
  return HeaderBlock.of([":status", "200", "content-type", contentType, ...accepted]);
}

/** What can be told from the headers of a request; kept with headers that come again and again. */
export interface RequestFacts {
  readonly route: Route;
  readonly format: Format;
  /** Why the call fails before it begins. */
  readonly problem: ConnectError | undefined;
  readonly timeoutMs: number | undefined;
  /** How the request's messages are compressed, and how the response's will be. */
  readonly requestEncoding: Compression | null;
  readonly responseEncoding: Compression | null;
}

const grpcContentType = /^application\/grpc(?:\+(proto|json))?(?:;.*)?$/i;

/** The facts of a gRPC request to one of these routes; undefined if it is none. */
export function factsOf(
  routes: ReadonlyMap<string, Route>,
  list: HeaderList,
  extra: readonly string[],
): RequestFacts | undefined {
  if (extra.length > 0) {
    return inspect(routes, list.fields, extra);
  }
  // null: looked at, and not ours.
  list.memo ??= inspect(routes, list.fields, extra) ?? null;
  return (list.memo as RequestFacts | null) ?? undefined;
}

function inspect(
  routes: ReadonlyMap<string, Route>,
  fields: readonly string[],
  extra: readonly string[],
): RequestFacts | undefined {
  const route = routes.get(fieldOf(":path", fields, extra) ?? "");
  const match = grpcContentType.exec(fieldOf("content-type", fields, extra) ?? "");
  if (route === undefined || match === null || fieldOf(":method", fields, extra) !== "POST") {
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
    format: match[1]?.toLowerCase() === "json" ? route.json : route.binary,
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
