import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import {
  create,
  createFileRegistry,
  type DescService,
  fromBinary,
  type JsonValue,
  type Registry,
  toJson,
} from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { serve } from "@vyra/ipc";
import { writeProtoFiles } from "../dist/commands/describe/write-proto-files.js";
import { compile } from "../dist/descriptors/compile.js";
import { descriptorSet } from "../dist/descriptors/file-source.js";
import { protoFilesOf } from "../dist/descriptors/text/proto-files.js";
import { run } from "./support/command.js";

const richFolder = fileURLToPath(new URL("../test/rich", import.meta.url));
const names = ["bare", "options", "three", "two", "edition2023", "edition2024"].map((name) => `rich/${name}.proto`);

describe("what vyra-ipc describe prints", () => {
  const work = mkdtempSync(join(tmpdir(), "vyra-describe-"));
  const set = join(work, "rich.binpb");
  let originals: Map<string, FileDescriptorProto>;
  let types: Registry;

  before(async () => {
    const bytes = await compileIn(richFolder, names);
    writeFileSync(set, bytes);
    originals = filesIn(bytes);
    types = descriptorSet(bytes, "rich").registry;
  });

  after(() => rmSync(work, { recursive: true }));

  it("compiles to the same files, comments included, if whole files are written", async () => {
    const out = join(work, "whole");
    const { code, stdout, stderr } = await run([
      "describe",
      "x",
      "--descriptor-set",
      set,
      "--out",
      out,
      "rich.ed24.Seen",
    ]);
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: `${out}: 5 written\n`, stderr: "" });
    const others = await run(["describe", "x", "--descriptor-set", set, "--out", out, "NoPackage"]);
    assert.equal(others.stdout, `${out}: 1 written\n`);
    const again = filesIn(await compileIn(out, names));
    for (const name of names) {
      assert.deepEqual(jsonOf(again.get(name)), jsonOf(originals.get(name)), name);
      assert.deepEqual(commentsIn(again.get(name)), commentsIn(originals.get(name)), name);
    }
  });

  it("compiles to the same descriptors if they come from a server", async () => {
    const socket = join(work, "rich.sock");
    const service = types.getService("rich.three.Doing") as DescService;
    await using _ = await serve({ socket, signals: false, routes: (router) => router.service(service, {}) });
    const out = join(work, "reflected");
    const { stdout } = await run(["describe", socket, "--out", out]);
    assert.equal(stdout, `${out}: 2 written\n`);
    const again = filesIn(await compileIn(out, ["rich/three.proto", "rich/options.proto"]));
    for (const name of ["rich/three.proto", "rich/options.proto"]) {
      assert.deepEqual(jsonOf(again.get(name)), jsonOf(originals.get(name)), name);
    }
  });

  it("is the same when its own output is described", async () => {
    const out = join(work, "whole");
    const twice = join(work, "twice");
    const named = names.slice(1);
    await run(["describe", "x", "--descriptor-set", set, "--out", out, "rich.ed24.Seen"]);
    const bytes = await compileIn(out, named);
    writeFileSync(join(work, "again.binpb"), bytes);
    await run(["describe", "x", "--descriptor-set", join(work, "again.binpb"), "--out", twice, "rich.ed24.Seen"]);
    for (const name of named) {
      assert.equal(readFileSync(join(twice, name), "utf8"), readFileSync(join(out, name), "utf8"));
    }
  });

  for (const name of [
    "rich.two.Everything",
    "rich.two.Names",
    "rich.two.Everything.Grouped",
    "rich.two.more",
    "rich.two.AtTop",
    "rich.three.Doing",
    "rich.three.Doing.Gather",
    "rich.three.Color",
    "rich.ed.Mixed",
    "rich.ed.Mixed.labels",
    "rich.ed24.Seen",
    "rich.options.About",
    "NoPackageService",
    undefined,
  ]) {
    it(`compiles unchanged to the same descriptors: ${name ?? "all services"}`, async () => {
      const { code, stdout, stderr } = await run(["describe", "x", "--descriptor-set", set, ...(name ? [name] : [])]);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
      const folder = mkdtempSync(join(work, "shown-"));
      const written = writeSections(folder, stdout, name);
      const again = filesIn(await compileIn(folder, written));
      for (const file of written) {
        assertPart(jsonOf(again.get(file)), jsonOf(originals.get(file)));
      }
    });
  }

  it("has the message set, which buf leaves out of a descriptor set", () => {
    const file = create(FileDescriptorProtoSchema, {
      name: "set.proto",
      messageType: [
        { name: "Set", options: { messageSetWireFormat: true }, extensionRange: [{ start: 4, end: 2 ** 31 - 1 }] },
      ],
    });
    const registry = createFileRegistry(file, () => undefined);
    const [text] = protoFilesOf(registry, [...registry]).files;
    assert.deepEqual(text?.lines, [
      'syntax = "proto2";',
      "",
      "message Set {",
      "  option message_set_wire_format = true;",
      "  extensions 4 to max;",
      "}",
    ]);
  });

  it("is only written within the folder", async () => {
    for (const name of ["../out.proto", "/tmp/out.proto", "a/../../out.proto", ".bashrc", "x.sh", "a\nb.proto"]) {
      await assert.rejects(writeProtoFiles(work, [{ name, lines: [] }]), /has a file with an invalid name, /);
    }
  });

  /**
   * Writes the files that the text contains, each under the name in its first line. A single file has no such line, and
   * gets the name of the requested one.
   */
  function writeSections(folder: string, text: string, asked: string | undefined): string[] {
    const parts = text.split(/^\/\/ (\S+\.proto)\n\n/m);
    const sections =
      parts.length === 1
        ? [[descriptorFileOf(asked), text]]
        : Array.from({ length: (parts.length - 1) / 2 }, (_, i) => [parts[2 * i + 1], parts[2 * i + 2]]);
    for (const [file = "", content = ""] of sections) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), content);
    }
    return sections.map(([file = ""]) => file);
  }

  function descriptorFileOf(name = ""): string {
    const type = types.get(name) ?? types.get(name.slice(0, name.lastIndexOf(".")));
    return type?.file.proto.name ?? assert.fail(`no type ${name}`);
  }

  /** Returns a file as JSON, with custom options by their names, and without what compilers may write or leave out. */
  function jsonOf(file: FileDescriptorProto | undefined): JsonValue {
    assert.ok(file);
    const { sourceCodeInfo: _, ...rest } = toJson(FileDescriptorProtoSchema, file, { registry: types }) as {
      [key: string]: JsonValue;
    };
    return rest;
  }
});

/**
 * Asserts that the whole contains everything in the part, in the same order. The whole may have more types, services,
 * methods and extensions.
 */
function assertPart(part: JsonValue, whole: JsonValue): void {
  const { dependency: _, publicDependency: __, optionDependency: ___, ...rest } = part as { [key: string]: JsonValue };
  for (const [key, value] of Object.entries(rest)) {
    const all = (whole as { [key: string]: JsonValue })[key];
    if (["messageType", "enumType", "extension", "service"].includes(key)) {
      for (const item of value as { name: string }[]) {
        const same = (all as { name: string }[]).find(({ name }) => name === item.name);
        if (key === "service") {
          const { method, ...service } = item as unknown as { method: JsonValue[] };
          const { method: methods, ...other } = same as unknown as { method: JsonValue[] };
          assert.deepEqual(service, other);
          assert.deepEqual(
            method,
            methods?.filter((one) => method.some((shown) => nameOf(shown) === nameOf(one))),
          );
        } else {
          assert.deepEqual(item, same);
        }
      }
    } else {
      assert.deepEqual(value, all, key);
    }
  }
}

function nameOf(value: JsonValue): JsonValue | undefined {
  return (value as { [key: string]: JsonValue }).name;
}

function compileIn(folder: string, files: readonly string[]): Promise<Uint8Array> {
  return compile(
    files.map((file) => join(folder, file)),
    [folder],
  );
}

function filesIn(set: Uint8Array): Map<string, FileDescriptorProto> {
  return new Map(fromBinary(FileDescriptorSetSchema, set).file.map((file) => [file.name, file]));
}

/**
 * Returns all comments of a file by their declarations, except for comments on options, which are not written, and
 * spaces at the end of lines, which are not kept.
 */
function commentsIn(file: FileDescriptorProto | undefined): object {
  const trimmed = (text: string) => text.replace(/[ \t]+$/gm, "").trimEnd();
  const all = (file?.sourceCodeInfo?.location ?? []).map(
    ({ path, leadingComments, trailingComments, leadingDetachedComments }) =>
      [path.join("."), [leadingComments, trailingComments, ...leadingDetachedComments].map(trimmed)] as const,
  );
  return Object.fromEntries(all.filter(([, comments]) => comments.some((text) => text !== "")).sort());
}
