import type { DescMethod } from "@bufbuild/protobuf";
import { HeaderBlock } from "@vyra/http2";
import { Answers } from "../../../busy-poll/answers.js";
import type { BusyPoll } from "../../../busy-poll/busy-poll.js";
import {
  acceptEncodingHeader,
  contentTypeOf,
  encodingHeader,
  formatTimeout,
  methodName,
  timeoutHeader,
} from "../../../grpc/index.js";
import type { AttemptObserver } from "../../../interceptors/attempts.js";
import { type RequestKind, requestKindOf } from "../../../interceptors/request.js";
import { type Encoded, encodedAs } from "../../../messages/encoded.js";
import type { Run } from "../../../messages/run.js";
import { binaryCodec, type Codec, completed, jsonCodec } from "../../../protobuf/codec.js";
import type { MethodCalls } from "../../../stats/index.js";
import type { ResolvedOptions } from "../../resolve-options.js";

/** How many different timeouts get a header block of their own, which takes one byte on the wire instead of twenty. */
const maxBlocks = 16;

/** What all calls of a method on one transport share. */
export class Method {
  readonly path: string;
  readonly input: Codec;
  readonly output: Codec;
  /** How soon the server answers this method; undefined if the event loop never turns until then. */
  readonly answers: Answers | undefined;
  readonly #fields: readonly string[];
  readonly #userAgent: readonly string[];
  readonly #plain: HeaderBlock;
  #blockWithoutUserAgent: HeaderBlock | undefined;
  readonly #withTimeout = new Map<number, HeaderBlock>();
  /** What interceptors see of all requests. */
  readonly requestKind: RequestKind;
  /** The fields of a request that are not metadata, as interceptors see them, by the timeout. */
  readonly #requestFields = new Map<number | undefined, readonly string[]>();

  constructor(
    readonly desc: DescMethod,
    readonly calls: MethodCalls,
    private readonly options: ResolvedOptions,
    busyPoll: BusyPoll | undefined,
  ) {
    const { useBinaryFormat, sendCompression, acceptCompression, authority, userAgent } = options;
    const codec = useBinaryFormat ? binaryCodec : jsonCodec;
    this.answers = busyPoll && new Answers(busyPoll);
    this.path = `/${methodName(desc)}`;
    this.requestKind = requestKindOf(desc);
    this.input = codec(desc.input, options);
    this.output = codec(desc.output, options);
    this.#fields = [
      ...[":method", "POST", ":scheme", "http", ":path", this.path, ":authority", authority],
      ...["content-type", contentTypeOf(useBinaryFormat), "te", "trailers"],
      ...(sendCompression === null ? [] : [encodingHeader, sendCompression.name]),
      ...(acceptCompression.length === 0 ? [] : [acceptEncodingHeader, acceptCompression.map((c) => c.name).join(",")]),
    ];
    this.#userAgent = ["user-agent", userAgent];
    this.#plain = HeaderBlock.of([...this.#fields, ...this.#userAgent]);
  }

  get isBinary(): boolean {
    return this.options.useBinaryFormat;
  }

  /**
   * Encodes a request message; returns a promise if it is compressed. @throws whatever is wrong with the message
   *
   * @param observer is told the size of the message
   */
  encode(input: unknown, observer?: AttemptObserver): Encoded | Promise<Encoded> {
    const { options } = this;
    const bytes = this.input.serialize(completed(this.desc.input, input as never));
    if (observer !== undefined) {
      observer.isMeasured = true;
      observer.onSent(bytes.length);
    }
    return encodedAs(bytes, options, options.sendCompression);
  }

  /**
   * Adds a request message to a run. Returns the message in the form in which it is sent by itself if it cannot be part
   * of the run; a promise if it is compressed. @throws whatever is wrong with the message
   */
  addTo(run: Run | undefined, input: unknown): Encoded | Promise<Encoded> | undefined {
    const { options } = this;
    return run === undefined || options.sendCompression !== null
      ? this.encode(input)
      : run.add(run.write(this.input, completed(this.desc.input, input as never)), options);
  }

  /** The header fields of a request whose metadata include a `user-agent`. */
  get blockWithoutUserAgent(): HeaderBlock {
    this.#blockWithoutUserAgent ??= HeaderBlock.of(this.#fields);
    return this.#blockWithoutUserAgent;
  }

  /** Returns the header fields of a request with this timeout in milliseconds; undefined means none. */
  block(timeoutMs: number | undefined): HeaderBlock {
    return timeoutMs === undefined ? this.#plain : (this.#withTimeout.get(timeoutMs) ?? this.#newBlock(timeoutMs));
  }

  /** Returns the fields that interceptors see of each request with this timeout. They are not sent as metadata. */
  requestFields(timeoutMs: number | undefined): readonly string[] {
    let fields = this.#requestFields.get(timeoutMs);
    if (fields === undefined) {
      const timeout = timeoutMs === undefined ? [] : [timeoutHeader, formatTimeout(timeoutMs)];
      fields = ["content-type", contentTypeOf(this.isBinary), "te", "trailers", ...timeout];
      if (this.#requestFields.size < maxBlocks) {
        this.#requestFields.set(timeoutMs, fields);
      }
    }
    return fields;
  }

  #newBlock(timeoutMs: number): HeaderBlock {
    const isRare = this.#withTimeout.size >= maxBlocks;
    const block = HeaderBlock.of([...this.#fields, ...this.#userAgent, timeoutHeader, formatTimeout(timeoutMs)], {
      notIndexed: isRare ? [timeoutHeader] : [],
    });
    if (!isRare) {
      this.#withTimeout.set(timeoutMs, block);
    }
    return block;
  }
}
