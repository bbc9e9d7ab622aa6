/** gRPC's content type, https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md: `application/grpc [("+proto" / "+json" / …)]`. */
const grpcContentType = /^application\/grpc(?:\+([\w.-]+))?(?:;.*)?$/i;

/** The content type of messages in binary protobuf, or in JSON. */
export function contentTypeOf(isBinary: boolean): string {
  return isBinary ? "application/grpc+proto" : "application/grpc+json";
}

/** What a content type calls the format of the messages, in lower case: `"proto"`, `"json"`; undefined where it is not gRPC's. */
export function grpcFormat(contentType: string | undefined): string | undefined {
  const match = grpcContentType.exec(contentType ?? "");
  return match === null ? undefined : (match[1] ?? "proto").toLowerCase();
}
