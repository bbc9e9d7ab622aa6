import assert from "node:assert/strict";
import { it } from "node:test";
import { create, createFileRegistry, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectRouter, type Interceptor } from "@connectrpc/connect";
import { credentials } from "@grpc/grpc-js";
import { peerKey } from "@vyra/ipc";
import {
  ServerReflection,
  type ServerReflectionRequestSchema,
  type ServerReflectionResponse,
  v1alpha,
} from "@vyra/ipc/reflection";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { file_vyra_test_extensions } from "../gen/vyra/test/extensions_pb.js";
import { ReflectedService } from "../gen/vyra/test/reflected_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { createEcho } from "../support/echo.js";
import { describePairs, type Setup, setUp } from "../support/engines.js";
import { all, failure, iterate, later } from "../support/expect.js";
import { grpcJsClient } from "../support/grpc-js.js";

leaveNothingBehind();

type Question = NonNullable<MessageInitShape<typeof ServerReflectionRequestSchema>["messageRequest"]>;
type Answer = ServerReflectionResponse["messageResponse"];

const routes = (router: ConnectRouter) => {
  router.service(EchoService, createEcho());
  router.service(ReflectedService, { reflect: () => ({}) });
};

/** Returns the responses to these requests, sent on one stream. */
async function ask(t: Setup, ...questions: Question[]): Promise<Answer[]> {
  const requests = iterate(questions.map((messageRequest) => ({ messageRequest })));
  const responses = await all(t.channel.client(ServerReflection).serverReflectionInfo(requests));
  return responses.map(({ messageResponse }) => messageResponse);
}

function filesIn(answer: Answer | undefined): FileDescriptorProto[] {
  assert.equal(answer?.case, "fileDescriptorResponse");
  return answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
}

function namesIn(answer: Answer | undefined): string[] {
  return filesIn(answer).map(({ name }) => name);
}

describePairs("reflection", (pair) => {
  it("lists all services, its own among them", async () => {
    await using t = await setUp(pair, { routes });
    const [answer] = await ask(t, { case: "listServices", value: "" });
    assert.equal(answer?.case, "listServicesResponse");
    assert.deepEqual(
      answer.value.service.map(({ name }) => name),
      [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "vyra.ipc.StatsService",
        "vyra.test.EchoService",
        "vyra.test.ReflectedService",
      ],
    );
  });

  it("gives the file that declares a symbol, with all that it imports", async () => {
    await using t = await setUp(pair, { routes });
    for (const symbol of [
      "vyra.test.ReflectedService",
      "vyra.test.ReflectedService.Reflect",
      "vyra.test.ReflectRequest",
      "vyra.test.ReflectRequest.Nested",
      "vyra.test.ReflectRequest.Nested.text",
      "vyra.test.ReflectRequest.choice",
      "vyra.test.ReflectRequest.by_name",
      "vyra.test.ReflectRequest.Mood",
      "vyra.test.ReflectRequest.MOOD_GOOD",
      "vyra.test.nickname",
    ]) {
      const [answer] = await ask(t, { case: "fileContainingSymbol", value: symbol });
      assert.deepEqual(
        namesIn(answer),
        ["vyra/test/reflected.proto", "vyra/test/extendable.proto", "google/protobuf/timestamp.proto"],
        symbol,
      );
    }
  });

  it("gives what a client needs to make the service's calls", async () => {
    await using t = await setUp(pair);
    const [answer] = await ask(t, { case: "fileContainingSymbol", value: EchoService.typeName });
    const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: filesIn(answer).reverse() }));
    const service = registry.getService(EchoService.typeName);
    assert.ok(service);
    assert.deepEqual(
      service.methods.map(({ name, methodKind }) => [name, methodKind]),
      EchoService.methods.map(({ name, methodKind }) => [name, methodKind]),
    );
    const client = t.channel.client(service) as unknown as ReturnType<typeof t.channel.client<typeof EchoService>>;
    assert.equal((await client.unary({ text: "by reflection" })).text, "by reflection");
  });

  it("gives files by name, and what a stream has brought before only when asked for again", async () => {
    await using t = await setUp(pair, { routes });
    const [timestamp, reflected, again, extendable] = await ask(
      t,
      { case: "fileByFilename", value: "google/protobuf/timestamp.proto" },
      { case: "fileByFilename", value: "vyra/test/reflected.proto" },
      { case: "fileByFilename", value: "vyra/test/reflected.proto" },
      { case: "fileByFilename", value: "vyra/test/extendable.proto" },
    );
    assert.deepEqual(namesIn(timestamp), ["google/protobuf/timestamp.proto"]);
    assert.deepEqual(namesIn(reflected), ["vyra/test/reflected.proto", "vyra/test/extendable.proto"]);
    assert.deepEqual(namesIn(again), ["vyra/test/reflected.proto"]);
    assert.deepEqual(namesIn(extendable), ["vyra/test/extendable.proto"]);
  });

  it("knows the extensions of its services' files, and of those that it was told of", async () => {
    const questions: Question[] = [
      { case: "allExtensionNumbersOfType", value: "vyra.test.Extendable" },
      {
        case: "fileContainingExtension",
        value: { containingType: "vyra.test.Extendable", extensionNumber: 101 },
      },
      {
        case: "fileContainingExtension",
        value: { containingType: "vyra.test.Extendable", extensionNumber: 102 },
      },
      { case: "allExtensionNumbersOfType", value: "vyra.test.ReflectRequest" },
    ];
    await using t = await setUp(pair, { routes, reflection: { files: [file_vyra_test_extensions] } });
    const [numbers, nickname, weight, none] = await ask(t, ...questions);
    assert.equal(numbers?.case, "allExtensionNumbersResponse");
    assert.equal(numbers.value.baseTypeName, "vyra.test.Extendable");
    assert.deepEqual(numbers.value.extensionNumber, [101, 102]);
    assert.equal(namesIn(nickname)[0], "vyra/test/reflected.proto");
    assert.equal(namesIn(weight)[0], "vyra/test/extensions.proto");
    assert.equal(none?.case, "allExtensionNumbersResponse");
    assert.deepEqual(none.value.extensionNumber, []);

    await using untold = await setUp(pair, { routes });
    const [fewer, , unknown] = await ask(untold, ...questions);
    assert.equal(fewer?.case, "allExtensionNumbersResponse");
    assert.deepEqual(fewer.value.extensionNumber, [101]);
    assert.equal(unknown?.case, "errorResponse");
  });

  it("answers what it does not know with an error, and goes on", async () => {
    await using t = await setUp(pair);
    const answers = await ask(
      t,
      { case: "fileByFilename", value: "no/such.proto" },
      { case: "fileContainingSymbol", value: "no.such.Symbol" },
      { case: "fileContainingExtension", value: { containingType: "vyra.test.EchoRequest", extensionNumber: 7 } },
      { case: "allExtensionNumbersOfType", value: "no.such.Message" },
      { case: undefined },
      { case: "listServices", value: "" },
    );
    assert.deepEqual(
      answers.map(({ value }) => value && "errorCode" in value && [value.errorCode, value.errorMessage]),
      [
        [Code.NotFound, "unknown file no/such.proto"],
        [Code.NotFound, "unknown symbol no.such.Symbol"],
        [Code.NotFound, "unknown extension 7 of vyra.test.EchoRequest"],
        [Code.NotFound, "unknown message no.such.Message"],
        [Code.InvalidArgument, "the request contains no known message_request"],
        false,
      ],
    );
  });

  it("says whom and what it answers", async () => {
    await using t = await setUp(pair);
    const request = { host: "here", messageRequest: { case: "fileByFilename" as const, value: "no/such.proto" } };
    const [response] = await all(t.channel.client(ServerReflection).serverReflectionInfo(iterate([request])));
    assert.equal(response?.validHost, "here");
    assert.deepEqual(response.originalRequest?.messageRequest, request.messageRequest);
  });

  it("answers v1alpha as well", async () => {
    await using t = await setUp(pair, { routes });
    const client = t.channel.client(v1alpha.ServerReflection);
    const [list, file] = await all(
      client.serverReflectionInfo(
        iterate([
          { messageRequest: { case: "listServices" as const, value: "" } },
          { messageRequest: { case: "fileContainingSymbol" as const, value: "vyra.test.Extendable" } },
        ]),
      ),
    );
    assert.equal(list?.messageResponse.case, "listServicesResponse");
    assert.equal(list.messageResponse.value.service.length, 6);
    assert.equal(file?.messageResponse.case, "fileDescriptorResponse");
    assert.equal(file.originalRequest?.$typeName, "grpc.reflection.v1alpha.ServerReflectionRequest");
  });

  it("does not keep a server that closes waiting for an open stream", async () => {
    await using t = await setUp(pair, { graceMs: 3_600_000 });
    const stop = later();
    async function* requests() {
      yield { messageRequest: { case: "listServices" as const, value: "" } };
      await stop.promise;
    }
    const responses = t.channel.client(ServerReflection).serverReflectionInfo(requests())[Symbol.asyncIterator]();
    assert.equal((await responses.next()).value?.messageResponse.case, "listServicesResponse");
    const closed = t.server.close();
    assert.equal((await responses.next()).done, true);
    await closed;
    stop.resolve();
    assert.deepEqual(t.reported, []);
  });

  it("is for the server's own user, unless it is switched on for all who may call", async () => {
    const asOther: Interceptor = (next) => (req) => {
      req.contextValues.set(peerKey, { pid: 4711, uid: 4711, gid: 4711 });
      return next(req);
    };
    const question = { case: "listServices" as const, value: "" };
    await using t = await setUp(pair, { interceptors: [asOther] });
    const error = await failure(ask(t, question), Code.PermissionDenied);
    assert.equal(error.rawMessage, "reflection is allowed only for the server's own user");
    await using open = await setUp(pair, { interceptors: [asOther], reflection: true });
    assert.equal((await ask(open, question))[0]?.case, "listServicesResponse");
  });

  it("is not there when switched off", async () => {
    await using t = await setUp(pair, { reflection: false });
    await failure(ask(t, { case: "listServices", value: "" }), Code.Unimplemented);
    assert.equal((await t.client.unary({ text: "still here" })).text, "still here");
  });

  it("is understood by grpc-js", async () => {
    await using t = await setUp(pair);
    for (const version of ["v1", "v1alpha"]) {
      const Client = grpcJsClient("reflection", version, "ServerReflection");
      const client = new Client(t.server.address, credentials.createInsecure());
      const stream = client.serverReflectionInfo?.();
      const ended = new Promise<{ code: number }>((resolve) => stream?.on("status", resolve));
      const services: string[] = [];
      stream?.on("data", (response: { listServicesResponse: { service: { name: string }[] } }) => {
        services.push(...response.listServicesResponse.service.map(({ name }) => name));
        stream.end();
      });
      stream?.write({ listServices: "*" });
      assert.equal((await ended).code, 0);
      assert.ok(services.includes(EchoService.typeName));
      client.close();
    }
  });
});
