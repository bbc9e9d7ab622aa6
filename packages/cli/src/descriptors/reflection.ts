import { createRegistry, fromBinary, type Registry } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { Failure } from "../failure.js";
import { type Connection, failureAt } from "../server/connection.js";
import { formatMs } from "../terminal/figures.js";
import { link, wellKnownFile } from "./link.js";
import { type ReflectionRequest, type ReflectionResponse, ReflectionStream } from "./reflection-stream.js";
import { type DescriptorSource, namedType } from "./source.js";

type Ask = (question: ReflectionRequest) => Promise<ReflectionResponse>;

/**
 * Reads a server's descriptors by gRPC server reflection
 * (https://github.com/grpc/grpc/blob/master/doc/server-reflection.md): v1, or v1alpha if the server has no v1.
 *
 * Each look-up opens a new stream. A single stream could reach its timeout before a message of a long call needs
 * another look-up.
 *
 * @param timeoutMs the timeout of each look-up.
 */
export function reflect(connection: Connection, timeoutMs: number): DescriptorSource {
  const { path, transport } = connection;
  const files = new Map<string, FileDescriptorProto>();
  const unknown = new Set<string>();
  let registry: Registry = createRegistry();

  return {
    origin: path,
    get registry() {
      return registry;
    },
    async services() {
      const answer = await conversation((ask) => ask({ case: "listServices", value: "" }));
      if (answer.case !== "listServicesResponse") {
        throw unexpected(answer);
      }
      return answer.value.service.map(({ name }) => name).sort();
    },
    async find(typeName) {
      if (registry.get(typeName) === undefined && !unknown.has(typeName)) {
        if (await conversation((ask) => fetch(typeName, ask))) {
          registry = link(files, path);
        } else {
          unknown.add(typeName);
        }
      }
      return namedType(registry.get(typeName));
    },
    async [Symbol.asyncDispose]() {},
  };

  async function conversation<T>(talk: (ask: Ask) => Promise<T>): Promise<T> {
    const stream = new ReflectionStream(connection, timeoutMs);
    try {
      return await talk((question) => stream.ask(question));
    } catch (error) {
      throw error instanceof ConnectError && error.code === Code.DeadlineExceeded && transport.state === "ready"
        ? new Failure("timeout", `the server at ${path} did not describe itself within ${formatMs(timeoutMs)}`)
        : failureAt(connection, error);
    } finally {
      await stream.close();
    }
  }

  /** Whether the server knows the type. If it does, the files that define the type are fetched. */
  async function fetch(typeName: string, ask: Ask): Promise<boolean> {
    const isKnown = await fetchFiles({ case: "fileContainingSymbol", value: typeName }, ask);
    if (isKnown) {
      await fetchImports(ask);
    }
    return isKnown;
  }

  /** Whether the server has such files. If it does, they are kept. */
  async function fetchFiles(question: ReflectionRequest, ask: Ask): Promise<boolean> {
    const answer = await ask(question);
    if (answer.case === "errorResponse") {
      return false;
    }
    if (answer.case !== "fileDescriptorResponse") {
      throw unexpected(answer);
    }
    for (const bytes of answer.value.fileDescriptorProto) {
      const file = readFile(bytes);
      files.set(file.name, file);
    }
    return true;
  }

  /** Some servers send a file together with all its imports, others send the file alone. */
  async function fetchImports(ask: Ask): Promise<void> {
    const names = new Set([...files.values()].flatMap(({ dependency }) => dependency));
    for (const name of names) {
      if (!files.has(name) && wellKnownFile(name) === undefined) {
        await fetchFiles({ case: "fileByFilename", value: name }, ask);
      }
      for (const imported of files.get(name)?.dependency ?? []) {
        names.add(imported); // a Set may grow while it is iterated; new names are visited, too
      }
    }
  }

  function readFile(bytes: Uint8Array): FileDescriptorProto {
    try {
      return fromBinary(FileDescriptorProtoSchema, bytes);
    } catch (cause) {
      throw new Failure("failed", `the reflection service at ${path} sent an invalid file descriptor`, undefined, {
        cause,
      });
    }
  }

  function unexpected(answer: ReflectionResponse): Failure {
    const what = answer.case === "errorResponse" ? answer.value.errorMessage : (answer.case ?? "nothing");
    return new Failure("failed", `the reflection service at ${path} answered unexpectedly: ${what}`);
  }
}
