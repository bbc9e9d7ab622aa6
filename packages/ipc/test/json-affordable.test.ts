import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DescMessage } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, ListValueSchema, StructSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { jsonCodec } from "../dist/protobuf/codec.js";
import { assertJsonAffordable } from "../dist/protobuf/json-affordable.js";

const MiB = 2 ** 20;

/** Returns an array of copies of the item, as JSON of about this many bytes. */
function repeated(item: string, bytes: number): string {
  return `[${`${item},`.repeat(Math.floor(bytes / (item.length + 1)))}${item}]`;
}

function isTooCostly(type: DescMessage, text: string): boolean {
  try {
    assertJsonAffordable(type, Buffer.from(text));
    return false;
  } catch (error) {
    assert.ok(error instanceof ConnectError && error.code === Code.ResourceExhausted, String(error));
    assert.match(
      error.rawMessage,
      new RegExp(`${type.typeName} of ${Buffer.byteLength(text)} bytes would take more than`),
    );
    return true;
  }
}

const file = (messages: string) => `{"file":[{"messageType":${messages}}]}`;

describe("JSON that is checked before it is parsed", () => {
  for (const [name, type, text] of [
    ["empty lists in a ListValue", ListValueSchema, repeated("[]", 9 * MiB)],
    ["empty objects in a ListValue, after white space", ListValueSchema, ` \n${repeated(" { } ", 9 * MiB)}`],
    ["numbers in a ListValue", ListValueSchema, repeated("1", 9 * MiB)],
    ["a Struct of lists", StructSchema, `{"a":${repeated("[]", 9 * MiB)}}`],
    ["messages", FileDescriptorSetSchema, file(repeated("{}", 9 * MiB))],
    [
      "messages behind an escaped name",
      FileDescriptorSetSchema,
      `{"file":[{"message\\u005ftype":${repeated("{}", 9 * MiB)}}]}`,
    ],
    [
      "messages behind a string with brackets and quotation marks",
      FileDescriptorSetSchema,
      `{"x":"}]\\"","file":${repeated("{}", 9 * MiB)}}`,
    ],
    ["messages behind a byte order mark", FileDescriptorSetSchema, `\ufeff${file(repeated("{}", 9 * MiB))}`],
    ["messages with nested messages", FileDescriptorSetSchema, file(repeated('{"field":[{},{}]}', 9 * MiB))],
  ] as const) {
    it(`is refused if it would take memory out of proportion to its size: ${name}`, () => {
      assert.equal(isTooCostly(type, text), true);
      assert.throws(
        () => jsonCodec(type, {}).parse(Buffer.from(text)),
        (error) => error instanceof ConnectError && error.code === Code.ResourceExhausted,
      );
    });
  }

  for (const [name, type, text] of [
    ["a long string", StructSchema, `{"a":"${"[],{},:".repeat(MiB)}"}`],
    ["strings", FileDescriptorSetSchema, `{"file":[{"dependency":${repeated('"some/file.proto"', 9 * MiB)}}]}`],
    ["numbers", FileDescriptorSetSchema, `{"file":[{"publicDependency":${repeated("123456", 9 * MiB)}}]}`],
    [
      "messages with values in them",
      FileDescriptorSetSchema,
      file(repeated(`{"name":"${"a_long_name".repeat(4)}","reservedName":["b","c"]}`, 5 * MiB)),
    ],
    ["values of an unknown field", FileDescriptorSetSchema, `{"x":${repeated("[]", 9 * MiB)}}`],
    ["many small messages in a small text", FileDescriptorSetSchema, file(repeated("{}", 200_000))],
  ] as const) {
    it(`is accepted: ${name}`, () => assert.equal(isTooCostly(type, text), false));
  }

  it("is left to the parser if it is malformed", () => {
    for (const text of [
      "[".repeat(100_000),
      "]".repeat(100_000),
      '"'.repeat(99_999),
      `{${",".repeat(100_000)}`,
      "\\".repeat(50_000),
    ]) {
      assert.equal(isTooCostly(ListValueSchema, text), false);
      assert.throws(
        () => jsonCodec(ListValueSchema, {}).parse(Buffer.from(text)),
        (error) => error instanceof ConnectError && error.code === Code.Internal,
      );
    }
  });
});
