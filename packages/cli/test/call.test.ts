import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { run, start } from "./support/command.js";
import { ownShop } from "./support/shop.js";

const order = '{"id": "7", "items": [{"name": "bread", "price": 2.5, "count": 2}]}';

describe("vyra-ipc call", () => {
  const { folder } = ownShop();

  for (const name of ["Place", "ShopService/Place", "cli.test.ShopService/Place", "cli.test.ShopService.Place"]) {
    it(`finds ${name}`, async () => {
      const { code, stdout, stderr } = await run(["call", "shop", name, order]);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
      assert.equal(stdout, '{\n  "orderId": "7",\n  "cents": "500"\n}\n');
    });
  }

  it("takes the request from a file, from standard input, or none at all", async () => {
    const file = join(folder, "order.json");
    writeFileSync(file, order);
    const fromFile = await run(["call", "shop", "Place", `@${file}`, "--json"]);
    rmSync(file);
    const fromInput = await run(["call", "shop", "Place", "-", "--json"], { input: order });
    const none = await run(["call", "shop", "Place", "--json"]);
    assert.deepEqual(
      [fromFile.stdout, fromInput.stdout, none.stdout],
      ['{"orderId":"7","cents":"500"}\n', '{"orderId":"7","cents":"500"}\n', "{}\n"],
    );
  });

  it("shows the messages of a stream as they come", async () => {
    const running = start(["call", "shop", "Watch", '{"count": 2, "everyMs": 500}']);
    await running.wrote('{"id":"order 1","state":"STATE_OPEN"}\n');
    const { code, stdout } = await running.ended;
    assert.equal(code, 0);
    assert.equal(stdout, '{"id":"order 1","state":"STATE_OPEN"}\n{"id":"order 2","state":"STATE_OPEN"}\n');
  });

  it("sends a stream of requests, each on one line or several", async () => {
    const input = '{"price": 1, "count": 1}\n{\n  "price": 0.5,\n  "count": 4\n}\n';
    const { stdout } = await run(["call", "shop", "Sum", "--json"], { input });
    assert.equal(stdout, '{"orderId":"2 items","cents":"300"}\n');
  });

  it("holds a conversation", async () => {
    const running = start(["call", "shop", "Haggle"]);
    running.child.stdin.write('{"text": "ten"}\n');
    await running.wrote('{"text":"ten?"}\n');
    running.child.stdin.end('{"text": "twenty"}\n');
    const { code, stdout } = await running.ended;
    assert.deepEqual({ code, stdout }, { code: 0, stdout: '{"text":"ten?"}\n{"text":"twenty?"}\n' });
  });

  it("shows an Any by its type", async () => {
    const attachment = { "@type": "type.googleapis.com/cli.test.Photo", caption: "sunset" };
    const { stdout } = await run(["call", "shop", "Place", JSON.stringify({ attachment }), "--json"]);
    assert.deepEqual(JSON.parse(stdout), { attachment });
  });

  it("prints an example that can be sent unchanged", async () => {
    const { stdout: example } = await run(["call", "shop", "Place", "--example"]);
    assert.match(example, /^\{\n {2}"id": "text",\n/);
    const { code, stderr } = await run(["call", "shop", "Place", example]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  });

  it("reports an error's code and details without control characters, and exits with 1", async () => {
    const request = '{"code": 9, "message": "sold\\nout\\u001b[2J", "withDetails": true}';
    const { code, stdout, stderr } = await run(["call", "shop", "Fail", request]);
    assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
    assert.deepEqual(stderr.split("\n"), [
      "vyra-ipc: FAILED_PRECONDITION: sold out\ufffd[2J",
      '  {"@type":"cli.test.OutOfStock","item":"bread"}',
      '  {"@type":"google.rpc.BadRequest","fieldViolations":[{"field":"code","description":"odd"}]}',
      "",
    ]);
  });

  it("prints the same as JSON", async () => {
    const { code, stderr } = await run(["call", "shop", "Fail", '{"code": 5, "message": "no bread"}', "--json"]);
    assert.equal(code, 1);
    assert.deepEqual(JSON.parse(stderr), {
      error: { kind: "failed", exitCode: 1, code: "NOT_FOUND", message: "no bread", details: [] },
    });
  });

  it("shows metadata when asked, on standard error", async () => {
    const { stdout, stderr } = await run(["call", "shop", "Fail", '{"code": 5}', "-v"]);
    assert.equal(stdout, "");
    assert.match(stderr, /^trailer error-metadata: here$/m);
  });

  it("cancels a stream of requests if one of them is invalid", async () => {
    const input = '{"price": 1}\n{"price": "x"}\n';
    const { code, stdout, stderr } = await run(["call", "shop", "Sum"], { input });
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
    assert.match(stderr, /^vyra-ipc: request 2 is not a valid cli\.test\.Item: price: expected number/);
  });

  it("exits with 4 when it times out", async () => {
    const { code, stderr } = await run(["call", "shop", "Hang", "--timeout", "200ms"]);
    assert.deepEqual(
      { code, stderr },
      { code: 4, stderr: "vyra-ipc: DEADLINE_EXCEEDED: deadline of 200 ms exceeded\n" },
    );
  });

  it("cancels the call on Ctrl-C, prints nothing and exits with 130", async () => {
    const running = start(["call", "shop", "Watch", '{"count": 1000, "everyMs": 20}']);
    await running.wrote("order 2");
    running.child.kill("SIGINT");
    const { code, stderr } = await running.ended;
    assert.deepEqual({ code, stderr }, { code: 130, stderr: "" });
  });

  it("exits quietly when its output is no longer read", async () => {
    const running = start(["call", "shop", "Watch", '{"count": 1000, "everyMs": 20}']);
    await running.wrote("order 2");
    running.child.stdout.destroy();
    const { code, stderr } = await running.ended;
    assert.deepEqual({ code, stderr }, { code: 141, stderr: "" });
  });

  it("exits with 3 if there is no server", async () => {
    const { code, stderr } = await run(["call", "nobody", "Place"]);
    assert.equal(code, 3);
    assert.equal(stderr, `vyra-ipc: no server at ${folder}/nobody_ipc.sock (ENOENT): is the backend running?\n`);
  });
});
