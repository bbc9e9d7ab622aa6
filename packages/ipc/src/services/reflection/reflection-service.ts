import type { DescFile, DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, type ContextValues, type HandlerContext } from "@connectrpc/connect";
import { ServerReflection, type ServerReflectionRequest } from "../../gen/grpc/reflection/v1/reflection_pb.js";
import {
  type ServerReflectionRequest as ServerReflectionRequestV1Alpha,
  ServerReflection as ServerReflectionV1Alpha,
} from "../../gen/grpc/reflection/v1alpha/reflection_pb.js";
import { abortableIterable } from "../../time/abortable.js";
import type { Files } from "./files.js";

/**
 * Registers `grpc.reflection.v1` and `v1alpha`, which differ only in their names:
 * https://github.com/grpc/grpc/blob/master/doc/server-reflection.md.
 *
 * @param services returns all services of the server; called with the first request
 * @param files the files to describe besides those of the services
 * @param draining the signal that ends all streams
 * @param mayAsk tells whether the caller with these context values may use reflection
 */
export function registerReflection(
  router: ConnectRouter,
  services: () => readonly DescService[],
  files: readonly DescFile[],
  draining: AbortSignal,
  mayAsk: (caller: ContextValues) => boolean,
): void {
  let known: Promise<Files> | undefined;
  router.service(ServerReflection, { serverReflectionInfo: answer });
  router.service(ServerReflectionV1Alpha, { serverReflectionInfo: answer });

  async function* answer<R extends ServerReflectionRequest | ServerReflectionRequestV1Alpha>(
    requests: AsyncIterable<R>,
    { values }: HandlerContext,
  ) {
    if (!mayAsk(values)) {
      throw new ConnectError("reflection is allowed only for the server's own user", Code.PermissionDenied);
    }
    known ??= import("./files.js").then(({ Files }) => new Files(services(), files));
    const all = await known;
    const sent = new Set<DescFile>();
    for await (const request of until(draining, requests)) {
      yield {
        validHost: request.host,
        originalRequest: request,
        messageResponse: responseTo(request.messageRequest, all, sent),
      };
    }
  }
}

type Request = (ServerReflectionRequest | ServerReflectionRequestV1Alpha)["messageRequest"];

function responseTo(request: Request, files: Files, sent: Set<DescFile>) {
  switch (request.case) {
    case "fileByFilename":
      return filesFrom(files.named(request.value), files, sent) ?? notFound(`file ${request.value}`);
    case "fileContainingSymbol":
      return filesFrom(files.declaring(request.value), files, sent) ?? notFound(`symbol ${request.value}`);
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = request.value;
      const file = files.extending(containingType, extensionNumber);
      return filesFrom(file, files, sent) ?? notFound(`extension ${extensionNumber} of ${containingType}`);
    }
    case "allExtensionNumbersOfType": {
      const extensionNumber = files.extensionNumbers(request.value);
      return extensionNumber === undefined
        ? notFound(`message ${request.value}`)
        : { case: "allExtensionNumbersResponse" as const, value: { baseTypeName: request.value, extensionNumber } };
    }
    case "listServices": {
      const service = files.serviceNames.map((name) => ({ name }));
      return { case: "listServicesResponse" as const, value: { service } };
    }
    default:
      return failed(Code.InvalidArgument, "the request contains no known message_request");
  }
}

/** Returns a file with those of its imports that this stream has not sent yet. */
function filesFrom(file: DescFile | undefined, files: Files, sent: Set<DescFile>) {
  if (file === undefined) {
    return undefined;
  }
  const fileDescriptorProto = files.withImports(file, sent).map((each) => files.bytesOf(each));
  return { case: "fileDescriptorResponse" as const, value: { fileDescriptorProto } };
}

function notFound(what: string) {
  return failed(Code.NotFound, `unknown ${what}`);
}

function failed(errorCode: Code, errorMessage: string) {
  return { case: "errorResponse" as const, value: { errorCode, errorMessage } };
}

/** Yields the same values, ending without an error when the signal is aborted. */
async function* until<T>(end: AbortSignal, values: AsyncIterable<T>): AsyncIterable<T> {
  try {
    yield* abortableIterable(values, end);
  } catch (error) {
    if (!end.aborted) {
      throw error;
    }
  }
}
