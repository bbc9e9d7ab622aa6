import { Code, ConnectError } from "@connectrpc/connect";

/**
 * The size of the envelope in front of each message, in bytes: one byte of flags and four of length. The specification
 * calls both together Length-Prefixed-Message: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.
 */
export const envelopeBytes = 5;
/** The bit of the flags that says that the message is compressed: Compressed-Flag. */
export const compressedFlag = 1;

/**
 * Returns the envelope of a message of this length. The array is shared and overwritten by the next call: use it at
 * once.
 */
export function envelopeOf(length: number, flags: number): Uint8Array {
  writeEnvelope(shared, 0, length, flags);
  return shared;
}
const shared = new Uint8Array(envelopeBytes);

/** Writes the envelope of a message of this length. */
export function writeEnvelope(buffer: Uint8Array, at: number, length: number, flags: number): void {
  buffer[at] = flags;
  buffer[at + 1] = length >>> 24;
  buffer[at + 2] = length >>> 16;
  buffer[at + 3] = length >>> 8;
  buffer[at + 4] = length;
}

/** Returns the length that the envelope at this offset announces. */
export function lengthAt(buffer: Uint8Array, at: number): number {
  return (
    (buffer[at + 1] as number) * 0x1000000 +
    (((buffer[at + 2] as number) << 16) | ((buffer[at + 3] as number) << 8) | (buffer[at + 4] as number))
  );
}

/** Refuses to receive a message that is larger than allowed. @throws {ConnectError} ResourceExhausted */
export function assertReadable(length: number, readMaxBytes: number): void {
  if (length > readMaxBytes) {
    throw new ConnectError(
      `message size ${length} is larger than configured readMaxBytes ${readMaxBytes}`,
      Code.ResourceExhausted,
    );
  }
}

/** Refuses to send a message that is larger than allowed. @throws {ConnectError} ResourceExhausted */
export function assertWritable(length: number, writeMaxBytes: number): void {
  if (length > writeMaxBytes) {
    throw new ConnectError(
      `message size ${length} is larger than configured writeMaxBytes ${writeMaxBytes}`,
      Code.ResourceExhausted,
    );
  }
}

/** Creates the error of a body that ends within a message. */
export function incompleteMessage(): ConnectError {
  return new ConnectError("protocol error: the body ends within a message", Code.Internal);
}
