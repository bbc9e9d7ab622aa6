import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, decodeBinaryHeader, encodeBinaryHeader } from "@connectrpc/connect";
import { StatusSchema } from "../gen/google/rpc/status_pb.js";
import { completed } from "../protobuf/codec.js";
import { isErrorCode } from "../user-code/thrown.js";
import { fieldOf, fieldsOf } from "./metadata.js";

const statusHeader = "grpc-status";
const messageHeader = "grpc-message";
const detailsHeader = "grpc-status-details-bin";
const typeUrlPrefix = "type.googleapis.com/";

/** Returns the trailers of a failed call: status, message, details and the error's metadata. */
export function statusFields(error: ConnectError): string[] {
  const fields = [statusHeader, String(error.code)];
  if (error.rawMessage !== "") {
    fields.push(messageHeader, percentEncoded(error.rawMessage));
  }
  if (error.details.length > 0) {
    const details = error.details.map((detail) =>
      "desc" in detail
        ? {
            typeUrl: typeUrlPrefix + detail.desc.typeName,
            value: toBinary(detail.desc, completed(detail.desc, detail.value)),
          }
        : { typeUrl: typeUrlPrefix + detail.type, value: detail.value },
    );
    const status = create(StatusSchema, { code: error.code, message: error.rawMessage, details });
    fields.push(detailsHeader, encodeBinaryHeader(toBinary(StatusSchema, status)));
  }
  return fields.concat(fieldsOf(error.metadata));
}

/** Reads the status in trailers: returns undefined if the call succeeded, or its error, with the given metadata. */
export function errorOf(
  fields: readonly string[],
  extra: readonly string[],
  metadata: () => Headers,
): ConnectError | undefined {
  const status = fieldOf(statusHeader, fields, extra);
  if (status === "0") {
    return undefined;
  }
  if (status === undefined) {
    return new ConnectError("protocol error: missing trailer grpc-status", Code.Internal, metadata());
  }
  const message = percentDecoded(fieldOf(messageHeader, fields, extra) ?? "");
  if (!/^\d+$/.test(status)) {
    const problem = `protocol error: invalid grpc-status ${JSON.stringify(status)}, message ${JSON.stringify(message)}`;
    return new ConnectError(problem, Code.Internal, metadata());
  }
  // A code that a later version of gRPC may add counts as Unknown.
  const code = isErrorCode(Number(status)) ? Number(status) : Code.Unknown;
  const error = new ConnectError(message, code, metadata());
  const details = fieldOf(detailsHeader, fields, extra);
  return details === undefined ? error : withDetails(error, details);
}

/** Tells whether these fields contain a status, as trailers and Trailers-Only responses do. */
export function hasStatus(fields: readonly string[], extra: readonly string[]): boolean {
  return fieldOf(statusHeader, fields, extra) !== undefined;
}

/**
 * Adds the status details to the error. Unreadable details make the whole status unreliable, as in grpc-go: the call
 * then fails with Internal.
 */
function withDetails(error: ConnectError, encoded: string): ConnectError {
  try {
    const status = fromBinary(StatusSchema, decodeBinaryHeader(encoded));
    error.details = status.details.map(({ typeUrl, value }) => ({
      type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
      value,
    }));
    return error;
  } catch {
    const problem = `protocol error: ${detailsHeader} cannot be read; without it the status is ${error.message}`;
    return new ConnectError(problem, Code.Internal, error.metadata, undefined, error);
  }
}

/**
 * Percent-encodes a status message as gRPC specifies: every byte of its UTF-8 form that is not printable ASCII, and
 * "%". Spaces at either end are encoded as well, since a field's value must not begin or end with one (RFC 9113
 * §8.2.1).
 */
export function percentEncoded(text: string): string {
  const encoded = /^[\x20-\x24\x26-\x7e]*$/.test(text) ? text : encodedBytes(text);
  return encoded.replace(/^ | $/g, "%20");
}

function encodedBytes(text: string): string {
  let encoded = "";
  for (const byte of Buffer.from(text)) {
    encoded +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/** Decodes a percent-encoded status message. Invalid sequences are kept as they are, as the specification demands. */
export function percentDecoded(text: string): string {
  if (!text.includes("%")) {
    return text;
  }
  const bytes = Buffer.from(text, "latin1");
  let end = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] === PERCENT ? hexAt(bytes, at + 1) : -1;
    bytes[end++] = byte === -1 ? (bytes[at] as number) : byte;
    if (byte !== -1) {
      at += 2;
    }
  }
  return bytes.toString("utf8", 0, end);
}

const PERCENT = 0x25;

/** The byte that two hexadecimal digits stand for; -1 where there are none. */
function hexAt(bytes: Uint8Array, at: number): number {
  const high = digitOf(bytes[at]);
  const low = digitOf(bytes[at + 1]);
  return high === -1 || low === -1 ? -1 : high * 16 + low;
}

function digitOf(byte = 0): number {
  if (byte >= 0x30 && byte <= 0x39) {
    return byte - 0x30;
  }
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
