/**
 * The grammar of gRPC's content type, `application/grpc [("+proto" / "+json" / …)]`:
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.
 */
const grpcContentType = /^application\/grpc(?:\+([\w.-]+))?(?:;.*)?$/i;

/** Returns the content type of messages in binary protobuf or in JSON. */
export function contentTypeOf(isBinary: boolean): string {
  return isBinary ? "application/grpc+proto" : "application/grpc+json";
}

/**
 * Returns the message format that a content type names, in lower case (`"proto"`, `"json"`); undefined if it is not a
 * content type of gRPC.
 */
export function grpcFormat(contentType: string | undefined): string | undefined {
  const match = grpcContentType.exec(contentType ?? "");
  return match === null ? undefined : (match[1] ?? "proto").toLowerCase();
}

/** Tells whether a content type is that of gRPC or gRPC-Web, in whatever format. */
export function isGrpcFamily(contentType: string): boolean {
  return contentType.startsWith("application/grpc");
}

/** Tells whether the messages of a body with this content type have envelopes; otherwise the body is one message. */
export function isEnveloped(contentType: string): boolean {
  return isGrpcFamily(contentType) || contentType.startsWith("application/connect+");
}
