/**
 * Serializing and parsing protobuf messages: a fast encoder and decoder for common messages, protobuf-es for everything
 * else, and limits for the memory of the result. Nothing here knows of calls, envelopes or sockets.
 */

import {
  type BinaryReadOptions,
  type BinaryWriteOptions,
  create,
  type DescMessage,
  fromBinary,
  fromJsonString,
  isMessage,
  type JsonReadOptions,
  type JsonWriteOptions,
  type MessageInitShape,
  type MessageShape,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { messageOf } from "../user-code/thrown.js";
import { assertAffordable } from "./affordable.js";
import { copyOf, viewOf } from "./bytes.js";
import { type Decoder, decoderOf } from "./decoder.js";
import { type Encoder, encoderOf } from "./encoder.js";
import { assertJsonAffordable } from "./json-affordable.js";

/** Serializes and parses the messages of one type. */
export interface Codec<T extends DescMessage = DescMessage> {
  /**
   * Serializes a message; the result may be a view of larger memory. @throws {ConnectError} Internal for a value that
   * is not a message of this type.
   */
  serialize(message: MessageShape<T>): Uint8Array;
  /**
   * Serializes a message at `at` of this memory, and returns where it ends there. Returns the message itself if that
   * is impossible. @throws like `serialize()`
   */
  serializeIn(message: MessageShape<T>, memory: Buffer, at: number): number | Uint8Array;
  /**
   * Parses the message in `[start, end)` of `bytes`, by default all of it. Its bytes fields may share the memory of
   * `bytes`, unless that is lent: then they are copied.
   * @throws {ConnectError} Internal for malformed bytes, on both sides, as gRPC specifies:
   *   https://grpc.github.io/grpc/core/md_doc_statuscodes.html; ResourceExhausted for a message that takes memory out
   *   of proportion.
   */
  parse(bytes: Uint8Array, isLent?: boolean, start?: number, end?: number): MessageShape<T>;
}

export interface CodecOptions {
  readonly jsonOptions?: Partial<JsonReadOptions & JsonWriteOptions> | undefined;
  readonly binaryOptions?: Partial<BinaryReadOptions & BinaryWriteOptions> | undefined;
}

export function binaryCodec<T extends DescMessage>(type: T, { binaryOptions }: CodecOptions): Codec<T> {
  // Both are created when they are needed, since few codecs do both.
  let encoder: Encoder | undefined;
  let decode: Decoder | undefined;
  const dropsUnknown = binaryOptions?.readUnknownFields === false;
  const isDepthUsual = binaryOptions?.recursionLimit === undefined;
  return {
    serialize(message) {
      try {
        encoder ??= encoderOf(type);
        return encoder.encode(message) ?? toBinary(type, message, binaryOptions);
      } catch (error) {
        throw failed(`serialize ${type.typeName}`, Code.Internal, error);
      }
    },
    serializeIn(message, memory, at) {
      try {
        encoder ??= encoderOf(type);
        return encoder.encodeIn(message, memory, at) ?? toBinary(type, message, binaryOptions);
      } catch (error) {
        throw failed(`serialize ${type.typeName}`, Code.Internal, error);
      }
    },
    parse(bytes, isLent = false, start = 0, end = bytes.length) {
      try {
        decode ??= isDepthUsual ? decoderOf(type) : () => undefined;
        const message = decode(bytes, isLent, dropsUnknown, start, end) as MessageShape<T> | undefined;
        if (message !== undefined) {
          return message;
        }
        const own = isLent ? copyOf(bytes, start, end) : part(bytes, start, end);
        assertAffordable(type, own, dropsUnknown);
        return fromBinary(type, own, binaryOptions);
      } catch (error) {
        throw error instanceof ConnectError ? error : failed(`parse ${type.typeName}`, Code.Internal, error);
      }
    },
  };
}

export function jsonCodec<T extends DescMessage>(type: T, { jsonOptions }: CodecOptions): Codec<T> {
  // Connect's default: fields that a newer peer added are not an error.
  const options = { ignoreUnknownFields: true, ...jsonOptions };
  const serialize = (message: MessageShape<T>): Uint8Array => {
    try {
      return Buffer.from(toJsonString(type, message, options));
    } catch (error) {
      throw failed(`serialize ${type.typeName}`, Code.Internal, error);
    }
  };
  return {
    serialize,
    serializeIn: serialize,
    parse(bytes, _isLent, start = 0, end = bytes.length) {
      try {
        const text = part(bytes, start, end);
        assertJsonAffordable(type, text);
        return fromJsonString(type, utf8.decode(text), options);
      } catch (error) {
        throw error instanceof ConnectError ? error : failed(`parse ${type.typeName}`, Code.Internal, error);
      }
    },
  };
}

/** Returns a part of the bytes, or the bytes themselves if it is all of them. */
function part(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return end - start === bytes.length ? bytes : viewOf(bytes, start, end);
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Returns the message itself, or creates one from the given properties. */
export function completed<T extends DescMessage>(type: T, init: MessageInitShape<T>): MessageShape<T> {
  if (isMessage(init, type)) {
    return init as MessageShape<T>;
  }
  assertNoPromise(init);
  return create(type, init);
}

/** Refuses a promise, which would count as a message without any field. @throws {TypeError} */
export function assertNoPromise(message: unknown): void {
  if (message instanceof Promise) {
    message.catch(() => {}); // its rejection would be nobody's
    throw new TypeError("a message must be an object with its fields, not a promise of one");
  }
}

function failed(doing: string, code: Code, cause: unknown): ConnectError {
  return new ConnectError(`cannot ${doing}: ${messageOf(cause)}`, code, undefined, undefined, cause);
}
