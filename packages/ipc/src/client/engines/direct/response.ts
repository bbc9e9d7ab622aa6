import type { DescMessage, DescMethodUnary, DescService, MessageShape } from "@bufbuild/protobuf";
import { ConnectError, type UnaryResponse } from "@connectrpc/connect";
import { errorCodeName, type HeaderList, type StreamError } from "@vyra/http2";
import { codeFromResetCode, fieldOf, headersOf, responseProblem } from "../../../grpc/index.js";

/** The fields of a response as they were received: those that come again and again, and those of this response only. */
export interface ResponseFields {
  readonly headerFields: readonly string[];
  readonly headerExtra: readonly string[];
  readonly trailerFields: readonly string[];
  readonly trailerExtra: readonly string[];
}

/** What a client needs to know of response headers; kept with those that come again and again. */
export interface Facts {
  /** Why this is no answer in gRPC. */
  readonly problem: ConnectError | undefined;
  /** The compression that the messages have. */
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

/** The error of a call whose stream was reset. */
export function resetError(error: StreamError): ConnectError {
  // What the peer had in mind it has not said; what we found is of use to whoever mends the peer.
  const why = error.origin === "local" ? ` (${error.message})` : "";
  return new ConnectError(
    `http/2 stream closed with error code ${errorCodeName(error.code)}${why}`,
    codeFromResetCode(error.code),
    undefined,
    undefined,
    error,
  );
}

/** A response whose headers and trailers are made when somebody reads them. */
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
