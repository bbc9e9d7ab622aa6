import type { DescMessage, DescMethod, DescMethodUnary, DescService, MessageShape } from "@bufbuild/protobuf";
import { ConnectError, type StreamResponse, type UnaryResponse } from "@connectrpc/connect";
import { errorCodeName, type HeaderList, type StreamError } from "@vyra/http2";
import { codeFromResetCode, fieldOf, headersOf, responseProblem } from "../../../grpc/index.js";

/**
 * The fields of a response as they were received: lists that are received repeatedly, and extra fields of this response
 * only.
 */
export interface ResponseFields {
  readonly headerFields: readonly string[];
  readonly headerExtra: readonly string[];
  readonly trailerFields: readonly string[];
  readonly trailerExtra: readonly string[];
}

/** What follows from response headers. It is stored with lists that are received repeatedly. */
export interface Facts {
  /** The reason why it is not a gRPC response. */
  readonly problem: ConnectError | undefined;
  /** The name of the messages' compression. */
  readonly encoding: string | undefined;
}

export function factsOf(list: HeaderList, extra: readonly string[], isBinary: boolean): Facts {
  if (extra.length > 0) {
    return inspect(list, extra, isBinary);
  }
  list.memo ??= inspect(list, extra, isBinary);
  return list.memo as Facts;
}

function inspect(list: HeaderList, extra: readonly string[], isBinary: boolean): Facts {
  const contentType = fieldOf("content-type", list.fields, extra);
  return {
    problem: responseProblem(list.status, contentType, isBinary),
    encoding: fieldOf("grpc-encoding", list.fields, extra),
  };
}

/** Creates the error of a call whose stream was reset. */
export function resetError(error: StreamError): ConnectError {
  // What the peer had in mind it has not said; what we found is of use to whoever mends the peer.
  const why = error.origin === "local" ? ` (${error.message})` : "";
  return new ConnectError(
    `http/2 stream closed with error code ${errorCodeName(error.errorCode)}${why}`,
    codeFromResetCode(error.errorCode),
    undefined,
    undefined,
    error,
  );
}

/** Creates a response for interceptors, which has all its properties as its own. */
export function unaryResponse(method: DescMethod, message: unknown, from: ResponseFields): UnaryResponse {
  return {
    stream: false,
    service: method.parent,
    method,
    message,
    header: headersOf(from.headerFields, from.headerExtra),
    trailer: headersOf(from.trailerFields, from.trailerExtra),
  } as UnaryResponse;
}

/** A response whose headers and trailers are created when they are read. */
export class LazyUnaryResponse<I extends DescMessage, O extends DescMessage> implements UnaryResponse<I, O> {
  readonly stream = false;
  readonly #headerFields: readonly string[];
  readonly #headerExtra: readonly string[];
  readonly #trailerFields: readonly string[];
  readonly #trailerExtra: readonly string[];
  #header: Headers | undefined;
  #trailer: Headers | undefined;

  constructor(
    readonly method: DescMethodUnary<I, O>,
    readonly message: MessageShape<O>,
    from: ResponseFields,
  ) {
    this.#headerFields = from.headerFields;
    this.#headerExtra = from.headerExtra;
    this.#trailerFields = from.trailerFields;
    this.#trailerExtra = from.trailerExtra;
  }

  get service(): DescService {
    return this.method.parent;
  }
  get header(): Headers {
    this.#header ??= headersOf(this.#headerFields, this.#headerExtra);
    return this.#header;
  }
  get trailer(): Headers {
    this.#trailer ??= headersOf(this.#trailerFields, this.#trailerExtra);
    return this.#trailer;
  }
}

/** Creates a response whose messages follow. Its headers are created when they are read. */
export function streamResponse(method: DescMethod, call: StreamSource): UnaryResponse & StreamResponse {
  let header: Headers | undefined;
  return {
    stream: true,
    service: method.parent,
    method,
    get header() {
      header ??= call.header;
      return header;
    },
    get trailer() {
      return call.trailer;
    },
    message: call.messagesForReader(),
  } as unknown as UnaryResponse & StreamResponse;
}

/** An open stream. */
export interface StreamSource {
  readonly header: Headers;
  readonly trailer: Headers;
  messagesForReader(): AsyncIterableIterator<unknown>;
}
