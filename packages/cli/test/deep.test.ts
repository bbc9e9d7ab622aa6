import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Server } from "@vyra/ipc";
import { run } from "./support/command.js";
import { serveDeep } from "./support/deep.js";
import { ownFolder } from "./support/folder.js";
import { serveNumbers } from "./support/numbers.js";

const nested = (depth: number, inner = "{}") => `${'{"within":'.repeat(depth)}${inner}${"}".repeat(depth)}`;
const lists = (depth: number) => `{"value":${"[".repeat(depth)}${"]".repeat(depth)}}`;
const structs = (depth: number) => `{"value":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}`;
const anys = (depth: number) =>
  `{"any":${'{"@type":"x/google.protobuf.Any","value":'.repeat(depth)}{}${"}".repeat(depth)}}`;

const tooDeep = new RegExp(
  "^vyra-ipc: (the input is nested more than 1,000 deep|" +
    ".* is not a valid \\S+: it is nested more than 100 messages deep)\\n$",
);
const notJson = /^vyra-ipc: (the request|request 1) is not JSON: [^\n]+\n$/;

const inputs: readonly (readonly [what: string, input: string, complaint: RegExp])[] = [
  ...[101, 2_000, 100_000].flatMap((depth): [string, string, RegExp][] => [
    [`messages nested ${depth} deep`, nested(depth), tooDeep],
    [`arrays nested ${depth} deep`, lists(depth), tooDeep],
    [`objects nested ${depth} deep`, structs(depth), tooDeep],
    [`an Any within an Any ${depth} deep`, anys(depth), tooDeep],
  ]),
  ["bare arrays 100,000 deep", "[".repeat(100_000) + "]".repeat(100_000), tooDeep],
  ["100,000 brackets that are never closed", "[".repeat(100_000), tooDeep],
  ["500 brackets that are never closed", "[".repeat(500), notJson],
  ["100,000 braces that were never opened", "}".repeat(100_000), /./],
  ["a message nested 90 deep with a wrong number in it", nested(90, '{"i":1.5}'), /within\.i: expected/],
  ["a string that never ends", `{"text":"${"x".repeat(1_000_000)}`, notJson],
  ["an integer of a million digits", `{"i":${"9".repeat(1_000_000)}}`, /: i: /],
  ["a million backslashes", `{"text":"${"\\".repeat(1_000_001)}"}`, notJson],
];

describe("vyra-ipc, with deep or long values", () => {
  const sockets = ["numbers_ipc.sock", "numbers_ipc.sock.lock", "deep_ipc.sock", "deep_ipc.sock.lock"];
  const folder = ownFolder(...sockets, "deep.binpb", "broken.binpb");
  const described = ["--descriptor-set", `${folder}/deep.binpb`];
  let server: Server;
  let deep: Server;

  before(async () => {
    server = await serveNumbers("numbers");
    deep = await serveDeep("deep", `${folder}/deep.binpb`, `${folder}/broken.binpb`);
  });

  after(async () => {
    await Promise.all([server.close(), deep.close()]);
  });

  for (const [what, input, complaint] of inputs) {
    it(`refuses ${what}, and exits with 2`, async () => {
      const [one, many] = await Promise.all([
        run(["call", "numbers", "Echo", "-"], { input }),
        run(["call", "numbers", "EchoAll"], { input }),
      ]);
      for (const { code, stdout, stderr } of [one, many]) {
        assert.deepEqual({ code, stdout }, { code: 2, stdout: "" }, stderr.slice(0, 500));
        assert.match(stderr, complaint);
        assert.ok(stderr.length < 2_000_000);
      }
    });
  }

  it("sends messages as deep as protobuf allows", async () => {
    for (const input of [nested(99), structs(45), lists(45)]) {
      const { code, stdout, stderr } = await run(["call", "numbers", "Echo", "-", "--json"], { input });
      assert.deepEqual({ code, stderr, stdout }, { code: 0, stderr: "", stdout: `${input}\n` });
    }
  });

  it("sends a long string", async () => {
    const input = `{"text":"${"x\\n".repeat(2_000_000)}"}`;
    const { code, stdout } = await run(["call", "numbers", "Echo", "-", "--json"], { input });
    assert.equal(code, 0);
    assert.equal(stdout.length, input.length + 1);
  });

  it("reports any response that is too deep to be parsed as the call's failure", async () => {
    for (const method of ["Messages", "Values", "Anys"]) {
      const { code, stdout, stderr } = await run(["call", "deep", method, ...described]);
      assert.deepEqual({ code, stdout }, { code: 1, stdout: "" }, stderr);
      assert.match(stderr, /^vyra-ipc: [^\n]*(too deep|deep|recursion)[^\n]*\n$/);
    }
  });

  it("shows an error whose details are too deep by their bytes", async () => {
    const { code, stderr } = await run(["call", "deep", "Details", ...described]);
    assert.equal(code, 1);
    assert.match(stderr, /"@type":"cli\.test\.Numbers","base64":/);
  });

  it("shows types that contain each other 5,000 deep, and an example of them", async () => {
    const outcomes = await Promise.all([
      run(["describe", "deep", "Chain0", ...described]),
      run(["describe", "deep", "--json", "Chain0", ...described]),
      run(["call", "deep", "Chained", "--example", "--json", ...described]),
      run(["call", "deep", "Chained", '{"next": {"next": 1}}', ...described]),
    ]);
    assert.deepEqual(
      outcomes.map(({ code }) => code),
      [0, 0, 0, 2],
    );
    assert.match(outcomes[0].stdout, /message Chain4999 \{/);
  });

  it("survives descriptors that are nested too deep", async () => {
    const { code, stderr } = await run(["describe", "deep", "--descriptor-set", `${folder}/broken.binpb`]);
    assert.ok(code === 1 || code === 2, stderr);
  });
});
