/**
 * A server whose responses are nested deeply: it sends bytes where the descriptors that the client gets have messages.
 */
import { writeFileSync } from "node:fs";
import { create, createFileRegistry, type DescService, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { type Server, serve } from "@vyra/ipc";
import { numberTypes } from "./numbers.js";

type File = MessageInitShape<typeof FileDescriptorProtoSchema>;

const depth = 2_000;
const chain = 5_000;

/**
 * Serves at this socket.
 *
 * @param set the file to write the descriptors to: `deep.Deep`, `deep.Chain0` and so on.
 * @param broken the file for a descriptor set whose types are nested too deeply to be parsed.
 */
export async function serveDeep(socket: string, set: string, broken: string): Promise<Server> {
  await writeDescriptions(set);
  writeFileSync(broken, new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(brokenFile()).finish());
  const registry = createFileRegistry(create(FileDescriptorProtoSchema, fileOf("deep.Raw")), () => undefined);
  const within = nest(depth, (inner) => field(18, inner));
  return serve({
    socket,
    signals: false,
    graceMs: 100,
    reflection: false,
    routes: (router) =>
      router.service(
        registry.getService("deep.Deep") as DescService,
        {
          messages: () => ({ within }),
          values: () => ({ value: nest(depth, (inner) => field(6, field(1, inner))) }),
          anys: () => ({ any: nest(depth, (inner) => anyOf("google.protobuf.Any", inner)) }),
          details: () => {
            const error = new ConnectError("deep", Code.Internal);
            error.details.push({ type: "cli.test.Numbers", value: within });
            throw error;
          },
        } as unknown as ServiceImpl<DescService>,
      ),
  });
}

function fileOf(answer: string): File {
  const method = (name: string) => ({ name, inputType: ".deep.Nothing", outputType: `.${answer}` });
  return {
    name: "deep.proto",
    package: "deep",
    syntax: "proto3",
    dependency: answer === "deep.Raw" ? [] : ["numbers.proto"],
    messageType: [
      { name: "Nothing" },
      { name: "Raw", field: [bytesField("within", 18), bytesField("value", 16), bytesField("any", 11)] },
      ...Array.from({ length: chain }, (_, index) => ({
        name: `Chain${index}`,
        field: index + 1 < chain ? [{ ...bytesField("next", 1), ...typeOf(`.deep.Chain${index + 1}`) }] : [],
      })),
    ],
    service: [
      {
        name: "Deep",
        method: [
          ...["Messages", "Values", "Anys", "Details"].map(method),
          { ...method("Chained"), inputType: ".deep.Chain0" },
        ],
      },
    ],
  };
}

function bytesField(name: string, number: number) {
  const type = FieldDescriptorProto_Type.BYTES;
  return { name, jsonName: name, number, type, label: FieldDescriptorProto_Label.OPTIONAL };
}

function typeOf(typeName: string) {
  return { type: FieldDescriptorProto_Type.MESSAGE, typeName };
}

async function writeDescriptions(set: string): Promise<void> {
  const numbers = (await numberTypes()).getMessage("cli.test.Numbers");
  const file = [...(numbers === undefined ? [] : [numbers.file.proto]), fileOf("cli.test.Numbers")];
  writeFileSync(set, toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file })));
}

/** Returns a file with a message type (field 4) that has a nested one (field 3), and so on. */
function brokenFile(): Uint8Array {
  return field(
    4,
    nest(depth, (inner) => field(3, inner)),
  );
}

function nest(times: number, wrap: (inner: Uint8Array) => Uint8Array): Uint8Array {
  let bytes = new Uint8Array();
  for (let i = 0; i < times; i++) {
    bytes = Uint8Array.from(wrap(bytes));
  }
  return bytes;
}

function field(number: number, value: Uint8Array): Uint8Array {
  return new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(value).finish();
}

function anyOf(type: string, value: Uint8Array): Uint8Array {
  const typeUrl = new TextEncoder().encode(`type.googleapis.com/${type}`);
  return Buffer.concat([field(1, typeUrl), field(2, value)]);
}
