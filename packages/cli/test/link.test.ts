import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { compile } from "../dist/descriptors/compile.js";
import { descriptorSet } from "../dist/descriptors/file-source.js";
import { protoFolder, shopProto } from "./support/shop.js";

describe("link", () => {
  it("adds nothing to files that a compiler wrote, since other parsers refuse even empty names", async () => {
    const set = await compile([shopProto], [protoFolder]);
    const { registry } = descriptorSet(set, shopProto);
    for (const file of fromBinary(FileDescriptorSetSchema, set).file) {
      const linked = [...registry].find((type) => type.kind !== "extension" && type.file.proto.name === file.name);
      assert.ok(linked, file.name);
      assert.deepEqual(
        toBinary(FileDescriptorProtoSchema, linked.file.proto),
        toBinary(FileDescriptorProtoSchema, file),
        file.name,
      );
    }
  });
});
