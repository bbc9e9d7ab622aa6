import { Code, ConnectError } from "@connectrpc/connect";

/** Length-Prefixed-Message: a byte of flags and four of length, https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md. */
export const envelopeBytes = 5;
/** Compressed-Flag. */
export const compressedFlag = 1;

/** The envelope in front of a message of this length. Overwritten by the next call: use it at once. */
export function envelopeOf(length: number, flags: number): Uint8Array {
  shared[0] = flags;
  shared[1] = length >>> 24;
  shared[2] = length >>> 16;
  shared[3] = length >>> 8;
  shared[4] = length;
  return shared;
}
const shared = new Uint8Array(envelopeBytes);

/** The length in the envelope at this place. */
export function lengthAt(buffer: Uint8Array, at: number): number {
  // biome-ignore format: four bytes, big-endian
  return ((buffer[at + 1] as number) * 0x1000000) + (((buffer[at + 2] as number) << 16) | ((buffer[at + 3] as number) << 8) | (buffer[at + 4] as number));
}

/** Refuses a message that is about to come and larger than allowed. */
export function assertReadable(length: number, readMaxBytes: number): void {
  if (length > readMaxBytes) {
    throw new ConnectError(
      `message size ${length} is larger than configured readMaxBytes ${readMaxBytes}`,
      Code.ResourceExhausted,
    );
  }
}

/** Refuses to send a message that is larger than allowed. */
export function assertWritable(length: number, writeMaxBytes: number): void {
  if (length > writeMaxBytes) {
    throw new ConnectError(
      `message size ${length} is larger than configured writeMaxBytes ${writeMaxBytes}`,
      Code.ResourceExhausted,
    );
  }
}

/** The error of a body that ended within a message. */
export function incompleteMessage(): ConnectError {
  return new ConnectError("protocol error: the body ends within a message", Code.Internal);
}
