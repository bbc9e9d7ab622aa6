import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { DescMessage, Registry } from "@bufbuild/protobuf";
import type { Server } from "@vyra/ipc";
import fc from "fast-check";
import { messageFrom, messageJson } from "../dist/messages/message-json.js";
import { run } from "./support/command.js";
import { ownFolder } from "./support/folder.js";
import { numberTypes, serveNumbers } from "./support/numbers.js";
import { sourceOf } from "./support/shop.js";

const least = "-9223372036854775808";
const most = "9223372036854775807";
const mostUnsigned = "18446744073709551615";
const odd = "9007199254740993"; // 2^53 + 1, which a double cannot hold

/** JSON as a user writes it, and the JSON form of the message that it is parsed to. */
const exact: readonly (readonly [written: string, read: object])[] = [
  [`{"i": ${odd}}`, { i: odd }],
  [`{"i": ${most}, "s": ${least}, "sf": -${odd}}`, { i: most, s: least, sf: `-${odd}` }],
  [`{"u": ${mostUnsigned}, "f": ${odd}}`, { u: mostUnsigned, f: odd }],
  [`{"i": "${most}"}`, { i: most }],
  [`{"list": [${odd}, 1, ${least}]}`, { list: [odd, "1", least] }],
  [`{"byNumber": {"${odd}": ${mostUnsigned}, "${least}": 0}}`, { byNumber: { [odd]: mostUnsigned, [least]: "0" } }],
  [`{"byName": {"__proto__": ${odd}, "a": 1}}`, { byName: JSON.parse(`{"__proto__": "${odd}", "a": "1"}`) }],
  [`{"nested": {"${mostUnsigned}": {"u": ${odd}}}}`, { nested: { [mostUnsigned]: { u: odd } } }],
  [`{"wrapped": ${odd}, "wrapped_unsigned": ${mostUnsigned}}`, { wrapped: odd, wrappedUnsigned: mostUnsigned }],
  [`{"wrappedList": [${odd}, ${most}]}`, { wrappedList: [odd, most] }],
  [`{"chosen": ${odd}}`, { chosen: odd }],
  [`{"maybe": ${odd}}`, { maybe: odd }],
  [`{"within": {"within": {"sf": ${least}}}}`, { within: { within: { sf: least } } }],
  [
    `{"any": {"@type": "type.googleapis.com/cli.test.Numbers", "list": [${odd}], "any": ` +
      `{"@type": "type.googleapis.com/google.protobuf.UInt64Value", "value": ${mostUnsigned}}}}`,
    {
      any: {
        "@type": "type.googleapis.com/cli.test.Numbers",
        list: [odd],
        any: { "@type": "type.googleapis.com/google.protobuf.UInt64Value", value: mostUnsigned },
      },
    },
  ],
  // Protobuf's JSON allows an integer to be written as a fraction or with an exponent.
  ['{"i": 1e3, "u": 1.0, "small": 2.5e1}', { i: "1000", u: "1", small: 25 }],
  ['{"i": 9.007199254740993e15, "u": 1844674407370955161.50e1}', { i: odd, u: "18446744073709551615" }],
  ['{"i": -0, "s": 0e99, "u": 0.000}', {}],
  // Doubles stay doubles.
  [`{"real": ${odd}}`, { real: 9007199254740992 }],
  ['{"real": 1e300, "value": 1e21}', { real: 1e300, value: 1e21 }],
  [`{"value": {"a": [${odd}, {"b": 1.0}]}}`, { value: { a: [9007199254740992, { b: 1 }] } }],
  // Text that looks like a marked number stays text, and digits in text are not a number.
  [`{"text": "\ue0001", "i": ${odd}}`, { text: "\ue0001", i: odd }],
  [`{"text": "\\uE0001 \\" ${odd}", "i": ${odd}}`, { text: `\ue0001 " ${odd}`, i: odd }],
  [`{"text": "\\\\", "i": ${odd}}`, { text: "\\", i: odd }],
];

const refused: readonly (readonly [written: string, complaint: RegExp])[] = [
  ['{"i": 9223372036854775808}', /: i: .*9223372036854775808/],
  ['{"i": -9223372036854775809}', /: i: .*-9223372036854775809/],
  ['{"u": 18446744073709551616}', /: u: .*18446744073709551616/],
  ['{"u": -1}', /: u: /],
  [`{"i": ${odd}.5}`, /: i: expected an integer, got 9007199254740993\.5$/],
  ['{"within": {"list": [1, 1e-400]}}', /: within\.list\[1\]: expected an integer, got 1e-400$/],
  ['{"i": 1e999999999}', /: i: .*1e999999999/],
  ['{"small": 2147483647.0000000001}', /: small: expected an integer, got 2147483647\.0000000001$/],
  ['{"byName": {"a": 0.1e-20}}', /byName\["a"\]: /],
  [`{"wrapped": ${odd}.25}`, /: wrapped: expected an integer/],
  ['{"real": 1e999}', /: real: 1e999 is too large for a double$/],
  ['{"value": [1e999]}', /: value\[0\]: 1e999 is too large for a double$/],
  [`{"text": ${odd}}`, /: text: expected string/],
  [`{"i": ${odd}, }`, /is not JSON: /],
  [`{"i": 0${odd}}`, /is not JSON: /],
];

describe("integers in JSON", () => {
  ownFolder("numbers_ipc.sock", "numbers_ipc.sock.lock");
  let types: Registry;
  let numbers: DescMessage;
  let server: Server;

  before(async () => {
    types = await numberTypes();
    numbers = types.getMessage("cli.test.Numbers") as DescMessage;
    server = await serveNumbers("numbers");
  });

  after(async () => {
    await server.close();
  });

  for (const [written, read] of exact) {
    it(`are exact: ${written}`, async () => {
      const message = await messageFrom(numbers, written, sourceOf(types), "the request");
      assert.deepEqual(await messageJson(numbers, message, sourceOf(types)), read);
    });
  }

  for (const [written, complaint] of refused) {
    it(`are refused if they are invalid: ${written}`, async () => {
      await assert.rejects(messageFrom(numbers, written, sourceOf(types), "the request"), complaint);
    });
  }

  it("equal those of BigInt, whatever the number", async () => {
    const source = sourceOf(types);
    await fc.assert(
      fc.asyncProperty(
        fc.bigInt({ min: BigInt(least), max: BigInt(most) }),
        fc.bigInt(0n, 2n ** 64n - 1n),
        async (i, u) => {
          const json = await messageJson(
            numbers,
            await messageFrom(numbers, `{"s":${i},"f":${u}}`, source, "it"),
            source,
          );
          assert.deepEqual(json, { ...(i !== 0n && { s: String(i) }), ...(u !== 0n && { f: String(u) }) });
        },
      ),
    );
  });

  it("are unchanged after a call, alone and in a stream", async () => {
    const one = await run(["call", "numbers", "Echo", `{"i": ${odd}, "byNumber": {"${least}": ${mostUnsigned}}}`]);
    assert.deepEqual(JSON.parse(one.stdout), { i: odd, byNumber: { [least]: mostUnsigned } });
    const input = `{"i": ${odd}}{"u":\n${mostUnsigned}}\n{"wrapped":${least}}`;
    const many = await run(["call", "numbers", "EchoAll"], { input });
    assert.equal(many.stdout, `{"i":"${odd}"}\n{"u":"${mostUnsigned}"}\n{"wrapped":"${least}"}\n`);
  });
});
