import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { type Ended, run, start } from "./support/command.js";
import { ownShop } from "./support/shop.js";

const refusals: readonly (readonly [what: string, args: readonly string[], complaint: RegExp])[] = [
  ["an unknown method", ["Palce", "{}"], /no method Palce at .*: did you mean cli\.test\.ShopService\/Place\?$/],
  ["a name of several methods", ["ShopService"], /no method ShopService at /],
  ["an unknown field", ["Place", '{"idd": 1}'], /: idd: no such field: did you mean id\?$/],
  ["a wrong value", ["Place", '{"items": [{}, {"price": "x"}]}'], /: items\[1\]\.price: expected number/],
  ["what is no JSON", ["Place", "{"], /the request is not JSON: /],
  [
    "two requests where there is one",
    ["Place", "{}{}"],
    /Place takes one request, but the input has more than one message$/,
  ],
  ["a file that is not there", ["Place", "@/nowhere.json"], /cannot read \/nowhere\.json \(ENOENT\)$/],
  ["no metadata", ["Place", "-H", "nonsense"], /"nonsense" is not metadata: write 'name: value'$/],
  [
    "binary metadata that is no base64",
    ["Place", "-H", "id-bin: a!"],
    /"a!" is not base64, which the value of id-bin must be/,
  ],
  ["no span of time", ["Place", "--timeout", "soon"], /"soon" is not a duration: write 500ms, 10s or 1m30s$/],
  [
    "an unknown option",
    ["Place", "--timeuot", "1s"],
    /unknown option '--timeuot': did you mean --timeout\? See vyra-ipc call --help$/,
  ],
  [
    "two descriptions",
    ["Place", "--proto", "a", "--descriptor-set", "b"],
    /use either --proto or --descriptor-set, not both$/,
  ],
];

describe("vyra-ipc call refuses", () => {
  ownShop();
  let outcomes: Promise<Ended>[];

  before(async () => {
    // The commands run at once, since their start takes longest.
    outcomes = refusals.map(([, args]) => run(["call", "shop", ...args]));
  });

  for (const [index, [what, , complaint]] of refusals.entries()) {
    it(`${what} in one line, and exits with 2`, async () => {
      const { code, stdout, stderr } = (await outcomes[index]) as Ended;
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
      assert.match(stderr, /^vyra-ipc: [^\n]+\n$/);
      assert.match(stderr.trimEnd(), complaint);
    });
  }

  it("input in another encoding than UTF-8", async () => {
    const { child, ended } = start(["call", "shop", "Place", "-"]);
    child.stdin.end(Buffer.from('{"id": "café"}', "latin1"));
    const { code, stdout, stderr } = await ended;
    assert.deepEqual(
      { code, stdout, stderr },
      { code: 2, stdout: "", stderr: "vyra-ipc: standard input is not UTF-8\n" },
    );
  });
});
