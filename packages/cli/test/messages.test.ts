import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { create, type DescMessage, type JsonValue, type Registry } from "@bufbuild/protobuf";
import { AnySchema, anyPack, file_google_protobuf_descriptor } from "@bufbuild/protobuf/wkt";
import type { DescriptorSource } from "../dist/descriptors/source.js";
import { exampleOf } from "../dist/messages/example.js";
import { messageFrom, messageJson } from "../dist/messages/message-json.js";
import { photo, shopTypes, sourceOf } from "./support/shop.js";

describe("messages in JSON", () => {
  let types: Registry;
  let order: DescMessage;
  let source: DescriptorSource;

  before(async () => {
    types = await shopTypes();
    order = types.getMessage("cli.test.Order") as DescMessage;
    source = sourceOf(types);
  });

  for (const [json, complaint] of [
    ['{"id": 7}', "id: expected string, got 7"],
    ['{"idd": "x"}', "idd: no such field: did you mean id?"],
    ['{"quite": "other"}', "quite: no such field"],
    ['{"items": {}}', "items: expected Array, got object"],
    ['{"items": [{}, {"price": "much"}]}', "items[1].price: "],
    ['{"items": [{"tags": ["a", 1]}]}', "items[0].tags[1]: expected string, got 1"],
    ['{"addresses": {"home": {"zipCode": 1.5}}}', 'addresses["home"].zipCode: '],
    ['{"state": "STATE_OPNE"}', "state: cli.test.Order.State has no value STATE_OPNE: did you mean STATE_OPEN?"],
    ['{"placedAt": "yesterday"}', "placedAt: "],
    ['{"previous": {"previous": {"discount": "some"}}}', "previous.previous.discount: "],
    ['{"attachment": {"@type": "x/cli.test.Nothing"}}', "attachment: "],
    ['{"card": "x", "cash": true}', "oneof set multiple times by card and cash"],
    ["[]", "Array(0)"],
    ['"text"', '"text"'],
  ] as const) {
    it(`report the path of the invalid field: ${json}`, async () => {
      await assert.rejects(messageFrom(order, json, source, "the request"), (error: Error) => {
        const beginning = `the request is not a valid cli.test.Order: ${complaint}`;
        assert.equal(error.message.slice(0, beginning.length), beginning);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
    });
  }

  it("report invalid JSON in one line", async () => {
    await assert.rejects(
      messageFrom(order, '{"id":\n\n}', source, "request 3"),
      /^Failure: request 3 is not JSON: [^\n]+$/,
    );
  });

  it("find the type of an Any, and of a nested one", async () => {
    const inner = { "@type": "type.googleapis.com/cli.test.Photo", caption: "sunset" };
    const outer = { "@type": "type.googleapis.com/cli.test.Receipt", orderId: "1", attachment: inner };
    const message = await messageFrom(order, JSON.stringify({ attachment: outer }), source, "the request");
    assert.deepEqual(await messageJson(order, message, source), { attachment: outer });
  });

  it("show an Any of unknown type by its bytes", async () => {
    const unknown = create(AnySchema, { typeUrl: "type.googleapis.com/other.Thing", value: new Uint8Array([1, 2, 3]) });
    const receipt = types.getMessage("cli.test.Receipt") as DescMessage;
    const message = create(receipt, {
      attachment: anyPack(receipt, create(receipt, { attachment: unknown } as never)),
    } as never);
    assert.deepEqual(await messageJson(receipt, message, source), {
      attachment: {
        "@type": "type.googleapis.com/cli.test.Receipt",
        attachment: { "@type": "type.googleapis.com/other.Thing", base64: "AQID" },
      },
    });
    assert.deepEqual(photo(types, "x").typeUrl, "type.googleapis.com/cli.test.Photo");
  });

  it("have an example that fills every field and can be sent unchanged", async () => {
    const example = exampleOf(order) as Record<string, JsonValue>;
    assert.deepEqual(Object.keys(example), [
      "id",
      "items",
      "addresses",
      "state",
      "card",
      "discount",
      "placedAt",
      "patience",
      "extra",
      "attachment",
      "remark",
      "sig",
    ]);
    assert.deepEqual(example.items, [{ name: "text", price: 1.5, count: 1, tags: ["text"] }]);
    for (const type of [...types, ...file_google_protobuf_descriptor.messages]) {
      if (type.kind === "message") {
        const json = JSON.stringify(exampleOf(type));
        assert.ok(await messageJson(type, await messageFrom(type, json, source, "the example"), source), type.typeName);
      }
    }
  });
});
