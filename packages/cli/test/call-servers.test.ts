import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { createServer as createHttp2Server } from "node:http2";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Server } from "@vyra/ipc";
import { compile } from "../dist/descriptors/compile.js";
import { run } from "./support/command.js";
import { ownFolder } from "./support/folder.js";
import { serveForeignShop } from "./support/foreign.js";
import { withListener } from "./support/listener.js";
import { protoFolder, serveShop, shopProto } from "./support/shop.js";

const order = '{"id": "7", "items": [{"name": "bread", "price": 2.5, "count": 2}]}';

describe("vyra-ipc call, to servers of all kinds", () => {
  const folder = ownFolder("closed_ipc.sock", "closed_ipc.sock.lock");
  let closed: Server;

  before(async () => {
    closed = await serveShop("closed", { reflection: false });
  });

  after(async () => {
    await closed.close();
  });

  describe("a server without reflection", () => {
    it("is called by its proto files", async () => {
      const { stdout, stderr } = await run(["call", "closed", "Place", order, "--json", "--proto", shopProto]);
      assert.deepEqual({ stdout, stderr }, { stdout: '{"orderId":"7","cents":"500"}\n', stderr: "" });
    });

    it("is called by a descriptor set", async () => {
      const set = join(folder, "shop.binpb");
      writeFileSync(set, await compile([shopProto], [protoFolder]));
      const { stdout, stderr } = await run(["call", "closed", "Place", order, "--json", "--descriptor-set", set]);
      rmSync(set);
      assert.deepEqual({ stdout, stderr }, { stdout: '{"orderId":"7","cents":"500"}\n', stderr: "" });
    });

    it("is not called without either", async () => {
      const { code, stderr } = await run(["call", "closed", "Place", order]);
      assert.equal(code, 2);
      assert.match(
        stderr,
        /closed_ipc\.sock has no reflection: describe its services with --proto or --descriptor-set\n$/,
      );
    });

    it("is not called if the files have errors", async () => {
      const file = join(folder, "bad.proto");
      writeFileSync(file, 'syntax = "proto3";\nmessage A { string a = ; }\n');
      const { code, stderr } = await run(["call", "closed", "Place", "--proto", file]);
      rmSync(file);
      assert.equal(code, 2);
      assert.match(stderr, /^vyra-ipc: \w+ cannot compile .*bad\.proto:.*bad\.proto:2:/);
    });
  });

  describe("a server of grpc-js", () => {
    it("is called by its own reflection", async () => {
      const foreign = await serveForeignShop(folder, "foreign");
      const { code, stdout, stderr } = await run(["call", "foreign", "Place", '{"id": "7"}', "--json"]);
      const missing = await run(["call", "foreign", "Hang", "{}"]);
      await foreign[Symbol.asyncDispose]();
      assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '{"orderId":"7"}\n', stderr: "" });
      assert.equal(missing.code, 1);
      assert.match(missing.stderr, /^vyra-ipc: UNIMPLEMENTED: /);
    });
  });

  describe("a server that does not speak gRPC", () => {
    it("is recognized by its HTTP status, and exits with 3", async () => {
      const http2 = createHttp2Server((_, response) => response.writeHead(404).end());
      const { code, stderr } = await withListener(http2, join(folder, "odd.sock"), (path) => run(["call", path, "X"]));
      assert.equal(code, 3);
      assert.match(stderr, /^vyra-ipc: the server at .*odd\.sock does not speak gRPC \(HTTP status 404\)\n$/);
    });

    it("is recognized by its first bytes, and exits with 3", async () => {
      const smtp = createServer((socket) => {
        socket.on("error", () => {});
        socket.write("220 mail.example.org ESMTP\r\n");
      });
      const { code, stderr } = await withListener(smtp, join(folder, "odd.sock"), (path) => run(["call", path, "X"]));
      assert.equal(code, 3);
      assert.match(stderr, /^vyra-ipc: the server at .*odd\.sock does not speak HTTP\/2\n$/);
    });

    it("is recognized by its silence, and exits with 4", async () => {
      const mute = createServer();
      const args = ["X", "--timeout", "300ms"];
      const { code, stderr } = await withListener(mute, join(folder, "odd.sock"), (path) =>
        run(["call", path, ...args]),
      );
      assert.equal(code, 4);
      assert.match(stderr, /odd\.sock accepts connections and does not answer: is it a gRPC server\?\n$/);
    });
  });
});
