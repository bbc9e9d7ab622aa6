import { Code, ConnectError } from "@connectrpc/connect";
import { grpcFormat } from "./content-type.js";
import { codeFromHttpStatus } from "./http-status.js";

/**
 * Returns the reason why a response is not one of gRPC, judged by its HTTP status and content type; undefined if it is.
 * The result counts only if no `grpc-status` came with the response: "If grpc-status was provided, it must be used",
 * https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md.
 */
export function responseProblem(
  status: number,
  contentType: string | undefined,
  isBinary: boolean,
): ConnectError | undefined {
  if (status !== 200) {
    return new ConnectError(`HTTP status ${status}`, codeFromHttpStatus(status));
  }
  const format = grpcFormat(contentType);
  if (format === undefined) {
    return new ConnectError(`unexpected response content type ${contentType ?? "none"}`, Code.Unknown);
  }
  return format === (isBinary ? "proto" : "json")
    ? undefined
    : new ConnectError(`unexpected response content type ${contentType ?? "none"}`, Code.Internal);
}
