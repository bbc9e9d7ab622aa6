import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { compressInTurn } from "./compress.js";

export const encodingHeader = "grpc-encoding";
export const acceptEncodingHeader = "grpc-accept-encoding";

/** The compression that a peer says its messages have, to decompress with; null for none. @throws {ConnectError} Unimplemented, naming ours. */
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
  return decompressing(compression);
}

const decompressions = new WeakMap<Compression, Compression>();

/** The same where what cannot be decompressed is Internal, as gRPC has it; connect-node's say InvalidArgument. */
export function decompressing(compression: Compression): Compression {
  let honest = decompressions.get(compression);
  if (honest === undefined) {
    honest = {
      name: compression.name,
      compress: (bytes) => compressInTurn(compression, bytes),
      async decompress(bytes, readMaxBytes) {
        try {
          return await compression.decompress(bytes, readMaxBytes);
        } catch (error) {
          throw asInternal(error);
        }
      },
    };
    decompressions.set(compression, honest);
  }
  return honest;
}

function asInternal(error: unknown): unknown {
  return error instanceof ConnectError && error.code === Code.InvalidArgument
    ? new ConnectError(error.rawMessage, Code.Internal, error.metadata, undefined, error)
    : error;
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
