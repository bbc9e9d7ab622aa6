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
import { copyOf } from "./bytes.js";
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
   * Parses a message. Its bytes fields may share the memory of `bytes`, unless that is lent: then they are copied.
   * @throws {ConnectError} Internal for malformed bytes, on both sides, as gRPC specifies:
   *   https://grpc.github.io/grpc/core/md_doc_statuscodes.html; ResourceExhausted for a message that takes memory out
   *   of proportion.
   */
  parse(bytes: Uint8Array, isLent?: boolean): MessageShape<T>;
}

export interface CodecOptions {
  readonly jsonOptions?: Partial<JsonReadOptions & JsonWriteOptions> | undefined;
  readonly binaryOptions?: Partial<BinaryReadOptions & BinaryWriteOptions> | undefined;
}

export function binaryCodec<T extends DescMessage>(type: T, { binaryOptions }: CodecOptions): Codec<T> {
  // Both are created when they are needed, since few codecs do both.
  let encode: Encoder | undefined;
  let decode: Decoder | undefined;
  const dropsUnknown = binaryOptions?.readUnknownFields === false;
  const isDepthUsual = binaryOptions?.recursionLimit === undefined;
  return {
    serialize(message) {
      try {
        encode ??= encoderOf(type);
        return encode(message) ?? toBinary(type, message, binaryOptions);
      } catch (error) {
        throw failed(`serialize ${type.typeName}`, Code.Internal, error);
      }
    },
    parse(bytes, isLent = false) {
      try {
        decode ??= isDepthUsual ? decoderOf(type) : () => undefined;
        const message = decode(bytes, isLent, dropsUnknown) as MessageShape<T> | undefined;
        if (message !== undefined) {
          return message;
        }
        assertAffordable(type, bytes, dropsUnknown);
        return fromBinary(type, isLent ? copyOf(bytes, 0, bytes.length) : bytes, binaryOptions);
      } catch (error) {
        throw error instanceof ConnectError ? error : failed(`parse ${type.typeName}`, Code.Internal, error);
      }
    },
  };
}

export function jsonCodec<T extends DescMessage>(type: T, { jsonOptions }: CodecOptions): Codec<T> {
  // Connect's default: fields that a newer peer added are not an error.
  const options = { ignoreUnknownFields: true, ...jsonOptions };
  return {
    serialize(message) {
      try {
        return Buffer.from(toJsonString(type, message, options));
      } catch (error) {
        throw failed(`serialize ${type.typeName}`, Code.Internal, error);
      }
    },
    parse(bytes) {
      try {
        assertJsonAffordable(type, bytes);
        return fromJsonString(type, utf8.decode(bytes), options);
      } catch (error) {
        throw error instanceof ConnectError ? error : failed(`parse ${type.typeName}`, Code.Internal, error);
      }
    },
  };
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Returns the message itself, or creates one from the given properties. */
export function completed<T extends DescMessage>(type: T, init: MessageInitShape<T>): MessageShape<T> {
  return isMessage(init, type) ? (init as MessageShape<T>) : create(type, init);
}

function failed(doing: string, code: Code, cause: unknown): ConnectError {
  return new ConnectError(`cannot ${doing}: ${messageOf(cause)}`, code, undefined, undefined, cause);
}
