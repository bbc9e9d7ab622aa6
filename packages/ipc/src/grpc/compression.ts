import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";

export const encodingHeader = "grpc-encoding";
export const acceptEncodingHeader = "grpc-accept-encoding";

/** The compression that a peer says its messages have; null for none. @throws {ConnectError} Unimplemented, naming ours. */
export function compressionNamed(name: string | undefined, known: readonly Compression[]): Compression | null {
  if (name === undefined || name === "identity") {
    return null;
  }
  const compression = known.find((c) => c.name === name);
  if (compression === undefined) {
    const ours = known.map((c) => c.name).join(",");
    throw new ConnectError(`unknown compression "${name}": supported is ${ours || "none"}`, Code.Unimplemented, {
      [acceptEncodingHeader]: ours,
    });
  }
  return compression;
}

/** The first compression that the peer takes and we know; null for none. */
export function compressionFor(accepted: string | undefined, known: readonly Compression[]): Compression | null {
  if (accepted === undefined || known.length === 0) {
    return null;
  }
  const names = accepted.split(",").map((name) => name.trim());
  for (const name of names) {
    const compression = known.find((c) => c.name === name);
    if (compression !== undefined) {
      return compression;
    }
  }
  return null;
}

/** The error of a message that says it is compressed although nothing was agreed on. */
export function unexpectedCompression(): ConnectError {
  return new ConnectError(
    "protocol error: received compressed envelope, but do not know how to decompress",
    Code.Internal,
  );
}
