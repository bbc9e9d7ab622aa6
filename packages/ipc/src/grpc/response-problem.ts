import { Code, ConnectError } from "@connectrpc/connect";
import { codeFromHttpStatus } from "./http-status.js";

/**
 * Why a response is no answer in gRPC, by its HTTP status and content type; undefined where it is one. It counts only where no
 * grpc-status came with it: "If grpc-status was provided, it must be used",
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
  const match = /^application\/grpc(?:\+(\w+))?(?:;.*)?$/i.exec(contentType ?? "");
  if (match === null) {
    return new ConnectError(`unexpected response content type ${contentType ?? "none"}`, Code.Unknown);
  }
  const isMatching = (match[1] ?? "proto") === (isBinary ? "proto" : "json");
  return isMatching
    ? undefined
    : new ConnectError(`unexpected response content type ${contentType ?? "none"}`, Code.Internal);
}
