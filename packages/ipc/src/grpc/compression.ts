import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";

export const encodingHeader = "grpc-encoding";
export const acceptEncodingHeader = "grpc-accept-encoding";

/**
 * Returns the compression with which a peer says that it has compressed its messages, for decompressing them; null if
 * they are not compressed.
 * @throws {ConnectError} Unimplemented for an unknown name, with the supported ones in `grpc-accept-encoding`:
 *   https://github.com/grpc/grpc/blob/master/doc/compression.md
 */
export function compressionNamed(name: string | undefined, known: readonly Compression[]): Compression | null {
  if (name === undefined || name === "identity") {
    return null;
  }
  const compression = known.find((c) => c.name === name);
  if (compression === undefined) {
    const ours = known.map((c) => c.name).join(",");
    throw new ConnectError(
      `unknown compression "${name}": supported encodings: ${ours || "none"}`,
      Code.Unimplemented,
      {
        [acceptEncodingHeader]: ours,
      },
    );
  }
  return decompressing(compression);
}

const decompressions = new WeakMap<Compression, Compression>();

/**
 * Wraps a compression so that data that cannot be decompressed fail with Internal, as gRPC's compression.md says; the
 * compressions of connect-node fail with InvalidArgument.
 */
export function decompressing(compression: Compression): Compression {
  let withInternalErrors = decompressions.get(compression);
  if (withInternalErrors === undefined) {
    withInternalErrors = {
      name: compression.name,
      compress: (bytes) => compression.compress(bytes),
      async decompress(bytes, readMaxBytes) {
        try {
          return await compression.decompress(bytes, readMaxBytes);
        } catch (error) {
          throw asInternal(error);
        }
      },
    };
    decompressions.set(compression, withInternalErrors);
  }
  return withInternalErrors;
}

function asInternal(error: unknown): unknown {
  return error instanceof ConnectError && error.code === Code.InvalidArgument
    ? new ConnectError(error.rawMessage, Code.Internal, error.metadata, undefined, error)
    : error;
}

/** Returns the first of the encodings in a peer's `grpc-accept-encoding` that is known here; null if there is none. */
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

/** Creates the error of a message whose Compressed-Flag is set although the call has no `grpc-encoding`. */
export function unexpectedCompression(): ConnectError {
  return new ConnectError(
    "protocol error: received compressed envelope, but do not know how to decompress",
    Code.Internal,
  );
}
