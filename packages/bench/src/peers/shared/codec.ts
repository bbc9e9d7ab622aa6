import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { EchoRequestSchema, EchoResponseSchema } from "../../gen/vyra/bench/v1/bench_pb.js";

/** The encoding of payloads for peers without an RPC framework. */
export interface Codec {
  encodeRequest(payload: Uint8Array): Uint8Array;
  decodeRequest(body: Uint8Array): Uint8Array;
  encodeResponse(payload: Uint8Array): Uint8Array;
  decodeResponse(body: Uint8Array): Uint8Array;
}

const protobuf: Codec = {
  encodeRequest: (payload) => toBinary(EchoRequestSchema, create(EchoRequestSchema, { payload })),
  decodeRequest: (body) => fromBinary(EchoRequestSchema, body).payload,
  encodeResponse: (payload) => toBinary(EchoResponseSchema, create(EchoResponseSchema, { payload })),
  decodeResponse: (body) => fromBinary(EchoResponseSchema, body).payload,
};

const asItIs = (payload: Uint8Array): Uint8Array => payload;

const raw: Codec = {
  encodeRequest: asItIs,
  decodeRequest: asItIs,
  encodeResponse: asItIs,
  decodeResponse: asItIs,
};

/** Returns the codec that the first argument of a peer's program names. */
export function codecOf([word]: readonly string[]): Codec {
  return word === "protobuf" ? protobuf : raw;
}
