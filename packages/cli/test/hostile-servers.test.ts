import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
  create,
  createFileRegistry,
  type DescService,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_any,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
} from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { resolveSocket, type Server, serve } from "@vyra/ipc";
import { ServerReflection } from "@vyra/ipc/reflection";
import { reflect } from "../dist/descriptors/reflection.js";
import { connectTo } from "../dist/server/connection.js";
import { type Ended, run } from "./support/command.js";
import { ownFolder } from "./support/folder.js";

type File = MessageInitShape<typeof FileDescriptorProtoSchema>;
type FileName = "evil.proto" | "later.proto" | `import${number}.proto`;

const escapes = "\x1b]0;title\x07\x1b[2J\u009b31m\u202e";

/**
 * A message with types that are difficult in JSON, methods of each kind, and descriptors that no compiler would write.
 */
const evil = {
  name: "evil.proto",
  package: "evil",
  syntax: "proto2",
  dependency: ["google/protobuf/any.proto", "google/protobuf/timestamp.proto", "google/protobuf/struct.proto"],
  messageType: [
    {
      name: "Thing",
      field: [
        { ...fieldOf("text", 1, FieldDescriptorProto_Type.STRING), defaultValue: escapes },
        { ...fieldOf("any", 2, FieldDescriptorProto_Type.MESSAGE), typeName: ".google.protobuf.Any" },
        { ...fieldOf("at", 3, FieldDescriptorProto_Type.MESSAGE), typeName: ".google.protobuf.Timestamp" },
        { ...fieldOf("value", 4, FieldDescriptorProto_Type.MESSAGE), typeName: ".google.protobuf.Value" },
        { ...fieldOf("wide", 5, FieldDescriptorProto_Type.MESSAGE), typeName: ".evil.Wide0" },
      ],
    },
    ...Array.from({ length: 40 }, (_, depth) => ({
      name: `Wide${depth}`,
      field: [1, 2, 3].map((number) => ({
        ...fieldOf(
          `f${number}`,
          number,
          depth === 39 ? FieldDescriptorProto_Type.BOOL : FieldDescriptorProto_Type.MESSAGE,
        ),
        typeName: depth === 39 ? "" : `.evil.Wide${depth + 1}`,
      })),
    })),
  ],
  service: [{ name: "Evil", method: [{ name: "Get", inputType: ".evil.Thing", outputType: ".evil.Thing" }] }],
  sourceCodeInfo: { location: [{ path: [6, 0], span: [0, 0, 0], leadingComments: ` first ${escapes}\r\n\tsecond\n` }] },
} satisfies File;

const later = {
  name: "later.proto",
  package: "later",
  syntax: "proto3",
  messageType: [{ name: "Thing" }],
} satisfies File;

function fieldOf(name: string, number: number, type: FieldDescriptorProto_Type) {
  return { name, jsonName: name, number, type, label: FieldDescriptorProto_Label.OPTIONAL };
}

/** Serves these types: responds with the given message, and describes itself with the given files. */
function serveEvil(socket: string, answer: object, fileFor: (wanted: string) => File | undefined): Promise<Server> {
  const types = createFileRegistry(
    create(FileDescriptorSetSchema, {
      file: [
        file_google_protobuf_any.proto,
        file_google_protobuf_timestamp.proto,
        file_google_protobuf_struct.proto,
        create(FileDescriptorProtoSchema, evil),
      ],
    }),
  );
  return serve({
    socket,
    signals: false,
    graceMs: 100,
    reflection: false,
    routes: (router) => {
      router.service(
        types.getService("evil.Evil") as DescService,
        {
          get: () => answer,
        } as unknown as ServiceImpl<DescService>,
      );
      router.service(ServerReflection, {
        async *serverReflectionInfo(requests) {
          for await (const { messageRequest } of requests) {
            yield { messageResponse: answerTo(messageRequest, fileFor) };
          }
        },
      });
    },
  });
}

type Question = MessageShape<typeof ServerReflection.method.serverReflectionInfo.input>["messageRequest"];

function answerTo({ case: asked, value }: Question, fileFor: (wanted: string) => File | undefined) {
  if (asked === "listServices") {
    return { case: "listServicesResponse" as const, value: { service: [{ name: "evil.Evil" }] } };
  }
  const file = fileFor(value as string);
  return file === undefined
    ? { case: "errorResponse" as const, value: { errorCode: 5, errorMessage: "there is none" } }
    : {
        case: "fileDescriptorResponse" as const,
        value: { fileDescriptorProto: [toBinary(FileDescriptorProtoSchema, create(FileDescriptorProtoSchema, file))] },
      };
}

const honest = (wanted: string) => (wanted.startsWith("later.") ? later : evil);

/** Each file imports another one, without end. */
function endless(wanted: string): File {
  const [, number = "0"] = /^import(\d+)\.proto$/.exec(wanted) ?? [];
  const next: FileName = `import${Number(number) + 1}.proto`;
  return number === "0"
    ? { ...evil, dependency: [...evil.dependency, next] }
    : { name: wanted, syntax: "proto3", dependency: [next] };
}

const servers: readonly (readonly [socket: string, answer: object, fileFor: (wanted: string) => File | undefined])[] = [
  ["plain", { text: escapes }, honest],
  ["long", { text: "x".repeat(9_000_000) }, honest],
  ["year", { at: { seconds: 10n ** 13n, nanos: 0 } }, honest],
  ["nothing", { value: {} }, honest],
  ["broken", { any: { typeUrl: "x/evil.Thing", value: new Uint8Array([0xff]) } }, honest],
  ["nameless", { any: { typeUrl: "x/a b", value: new Uint8Array([1]) } }, honest],
  ["endless", {}, endless],
  ["silent", {}, () => undefined],
];

describe("vyra-ipc, with hostile servers", () => {
  ownFolder(...servers.flatMap(([socket]) => [`${socket}_ipc.sock`, `${socket}_ipc.sock.lock`]));
  const running: Server[] = [];

  before(async () => {
    running.push(...(await Promise.all(servers.map((each) => serveEvil(...each)))));
  });

  after(async () => {
    await Promise.all(running.map((server) => server.close()));
  });

  it("shows no control characters", async () => {
    const outcomes = await Promise.all([
      run(["describe", "plain"]),
      run(["describe", "plain", "Thing"]),
      run(["call", "plain", "Get"]),
      run(["call", "plain", "Get", "--json"]),
    ]);
    for (const { code, stdout, stderr } of outcomes) {
      assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
      assert.doesNotMatch(stdout, /(?!\n)[\p{Cc}\u202e]/u);
    }
    assert.match(
      outcomes[0].stdout,
      /\npackage evil;\n\n(?:import .*\n)+\n\/\/ first .*\n\/\/ second\nservice Evil \{\n/,
    );
    assert.deepEqual(JSON.parse(outcomes[3].stdout), { text: escapes });
  });

  it("shows the longest string", async () => {
    const { code, stdout } = await run(["call", "long", "Get", "--timeout", "20s"]);
    assert.equal(code, 0);
    assert.equal(JSON.parse(stdout).text.length, 9_000_000);
  });

  for (const [socket, why] of [
    ["year", /Timestamp/],
    ["nothing", /Value must have a value/],
    ["broken", /EOF/],
    ["nameless", /a b/],
  ] as const) {
    it(`says that a response cannot be written as JSON: ${socket}`, async () => {
      const { code, stdout, stderr } = await run(["call", socket, "Get"]);
      assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
      assert.match(stderr, /^vyra-ipc: a response of type evil\.Thing cannot be written as JSON: [^\n]+\n$/);
      assert.match(stderr, why);
    });
  }

  it("shows an example of types that contain each other in billions of ways", async () => {
    const { code, stdout } = await run(["call", "plain", "Get", "--example", "--json"]);
    assert.equal(code, 0);
    assert.match(stdout, /^\{"text":"text",.*\}\n$/);
    assert.ok(stdout.length < 1_000_000);
  });

  it("gives up on endless imports", async () => {
    const { code, stderr } = await run(["call", "endless", "Get", "--timeout", "500ms"]);
    assert.equal(code, 4);
    assert.match(stderr, /^vyra-ipc: the server at \S+ did not describe itself within 500 ms\n$/);
  });

  it("reports a server that describes no services", async () => {
    const { code, stdout, stderr }: Ended = await run(["describe", "silent"]);
    assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
    assert.match(stderr, /silent_ipc\.sock describes no services\n$/);
  });

  it("looks up types as long as a call lasts", async () => {
    await using connection = connectTo(resolveSocket("plain").path, {});
    const timeoutMs = 300;
    await using source = reflect(connection, timeoutMs);
    assert.equal((await source.find("evil.Thing"))?.typeName, "evil.Thing");
    await delay(2 * timeoutMs);
    assert.equal((await source.find("later.Thing"))?.typeName, "later.Thing");
  });
});
