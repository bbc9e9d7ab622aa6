import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { run } from "./support/command.js";
import { serveForeignShop } from "./support/foreign.js";
import { ownShop, protoFolder, shopProto } from "./support/shop.js";

describe("vyra-ipc describe", () => {
  const { folder } = ownShop("foreign_ipc.sock");
  let foreign: AsyncDisposable;

  before(async () => {
    foreign = await serveForeignShop(folder, "foreign");
  });

  after(async () => {
    await foreign[Symbol.asyncDispose]();
  });

  for (const module of ["shop", "foreign"]) {
    it(`shows the services of ${module}`, async () => {
      const { code, stdout, stderr } = await run(["describe", module]);
      assert.equal(stderr, "");
      assert.equal(code, 0);
      assert.match(
        withoutComments(stdout),
        /"proto3";\n\npackage cli\.test;\n\n(?:import .*\n)+\nservice ShopService \{\n {2}rpc Place\(Order\) returns/,
      );
      assert.match(stdout, / {2}rpc Haggle\(stream Offer\) returns \(stream Offer\);\n/);
    });
  }

  it("shows a message with all types that it uses", async () => {
    const { stdout } = await run(["describe", "shop", "Order"]);
    assert.equal(withoutComments(stdout), orderText);
  });

  it("shows one method and its messages", async () => {
    const { stdout } = await run(["describe", "shop", "ShopService/Haggle"]);
    assert.equal(
      withoutComments(stdout),
      'syntax = "proto3";\n\npackage cli.test;\n\n' +
        "service ShopService {\n  rpc Haggle(stream Offer) returns (stream Offer);\n}\n\n" +
        "message Offer {\n  string text = 1;\n}\n",
    );
  });

  it("shows comments from a proto file, and then needs no server", async () => {
    const { stdout } = await run(["describe", "nobody", "ShopService", "--proto", shopProto]);
    assert.match(stdout, /\/\/ Sells things\.\nservice ShopService \{\n {2}\/\/ Takes an order\.\n {2}rpc Place\(/);
    assert.match(stdout, /rpc PlaceOld\(Order\) returns \(Receipt\) \{ option deprecated = true; \}/);
    assert.match(stdout, / {2}\/\/ What is wanted\.\n {2}repeated Item items = 2;/);
  });

  it("prints the same as JSON", async () => {
    const { stdout } = await run(["describe", "shop", "ShopService.Sum", "--json"]);
    assert.deepEqual(JSON.parse(stdout), {
      services: [
        {
          name: "cli.test.ShopService",
          methods: [
            {
              name: "Sum",
              fullName: "cli.test.ShopService/Sum",
              kind: "client_streaming",
              input: "cli.test.Item",
              output: "cli.test.Receipt",
              deprecated: false,
            },
          ],
        },
      ],
      types: [
        {
          name: "cli.test.Item",
          fields: [
            { name: "name", jsonName: "name", number: 1, kind: "scalar", type: "string" },
            { name: "price", jsonName: "price", number: 2, kind: "scalar", type: "double" },
            { name: "count", jsonName: "count", number: 3, kind: "scalar", type: "uint32" },
            { name: "tags", jsonName: "tags", number: 4, kind: "list", type: "string" },
          ],
        },
        {
          name: "cli.test.Receipt",
          fields: [
            { name: "order_id", jsonName: "orderId", number: 1, kind: "scalar", type: "string" },
            { name: "cents", jsonName: "cents", number: 2, kind: "scalar", type: "int64" },
            { name: "attachment", jsonName: "attachment", number: 3, kind: "message", type: "google.protobuf.Any" },
          ],
        },
      ],
    });
  });

  it("shows infrastructure services when asked for them", async () => {
    const { stdout } = await run(["describe", "shop", "grpc.health.v1.Health"]);
    assert.match(stdout, /service Health \{/);
    assert.match(stdout, /^ {2}ServingStatus status = 1;$/m);
  });

  it("imports well-known types from their own files, even if the server has them elsewhere", async () => {
    const { stdout } = await run(["describe", "foreign", "Order"]);
    assert.match(stdout, /^import "google\/protobuf\/timestamp\.proto";$/m);
    assert.doesNotMatch(stdout, /message Timestamp/);
  });

  it("suggests a similar name, and exits with 2", async () => {
    const { code, stdout, stderr } = await run(["describe", "shop", "ShopServise"]);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.equal(stderr, `vyra-ipc: there is no ShopServise at ${folder}/shop_ipc.sock: did you mean ShopService?\n`);
  });

  it("needs --import-path only if the folder does not follow from the package", async () => {
    const { code, stdout } = await run(["describe", "x", "Item", "--proto", shopProto, "-I", protoFolder]);
    assert.equal(code, 0);
    assert.match(stdout, /message Item \{/);
  });
});

/** A server that read its proto file itself has comments; a server with generated code has none. */
function withoutComments(text: string): string {
  return text.replace(/^ *\/\/.*\n/gm, "");
}

const orderText = `
syntax = "proto3";

package cli.test;

import "cli/test/item.proto";
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";

message Order {
  enum State {
    STATE_UNSPECIFIED = 0;
    STATE_OPEN = 1;
    STATE_PAID = 2;
  }
  message Address {
    string street = 1;
    int32 zip_code = 2;
  }
  string id = 1;
  repeated Item items = 2;
  map<string, Address> addresses = 3;
  State state = 4;
  oneof payment {
    string card = 5;
    bool cash = 6;
  }
  optional int64 discount = 7;
  google.protobuf.Timestamp placed_at = 8;
  google.protobuf.Duration patience = 9;
  google.protobuf.Struct extra = 10;
  google.protobuf.Any attachment = 11;
  google.protobuf.StringValue remark = 12;
  bytes signature = 13 [json_name = "sig"];
  Order previous = 14;
}



syntax = "proto3";

package cli.test;

message Item {
  string name = 1;
  double price = 2;
  uint32 count = 3;
  repeated string tags = 4;
}
`;
