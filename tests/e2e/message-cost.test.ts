import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { ListValueSchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import type { ServeOptions } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { pathOf, serverEngines, setUp } from "../support/engines.js";
import { all } from "../support/expect.js";
import { envelope, rawRequest, rawSession, statusOf } from "../support/raw.js";

leaveNothingBehind();

/** A method that accepts any of the messages in `google.protobuf`. */
const method = { ...EchoService.method.unary, input: ListValueSchema };
const path = `/vyra.test.EchoService/Unary`;
const MiB = 2 ** 20;
/** Lists nested in a list. 9 MiB of them take 0.7 GiB as messages. */
const json = Buffer.from(`[${"[],".repeat(3 * MiB)}[]]`);
/** The same in the binary format: `values { list_value {} }`. */
const binary = Buffer.concat(Array.from({ length: MiB }, () => Buffer.from([0x0a, 0x02, 0x32, 0x00])));

for (const engine of serverEngines) {
  describe(`the ${engine} server refuses a message that would take memory out of proportion`, () => {
    const options: Partial<ServeOptions> = { routes: (router) => void router.rpc(method, () => ({})) };
    const setUpServer = () => setUp({ client: "direct", server: engine }, options);

    for (const isJson of [true, false]) {
      const [name, message] = isJson ? (["json", json] as const) : (["proto", binary] as const);
      for (const isCompressed of [false, true]) {
        const bytes = isCompressed ? gzipSync(message, { level: 1 }) : message;
        const how = `${name}${isCompressed ? ", compressed" : ""}`;

        it(`of gRPC, gRPC-Web and Connect over HTTP/2: ${how}`, async () => {
          await using t = await setUpServer();
          const session = rawSession(pathOf(t.server.address));
          const enveloped = envelope(bytes, { flags: isCompressed ? 1 : 0 });
          const grpcFields = isCompressed ? { "grpc-encoding": "gzip" } : {};
          const grpc = { ":path": path, "content-type": `application/grpc+${name}`, ...grpcFields };
          assert.equal(statusOf(await rawRequest(session, grpc, enveloped)), Code.ResourceExhausted);
          const web = { ":path": path, "content-type": `application/grpc-web+${name}`, ...grpcFields };
          assert.match((await rawRequest(session, web, enveloped)).body.toString("latin1"), /grpc-status: 8/);
          const connectFields = isCompressed ? { "content-encoding": "gzip" } : {};
          const connect = { ":path": path, "content-type": `application/${name}`, ...connectFields };
          assert.match((await rawRequest(session, connect, bytes)).body.toString(), /"resource_exhausted"/);
          session.destroy();
        });

        it(`of Connect over HTTP/1.1: ${how}`, async () => {
          await using t = await setUpServer();
          const encoding = isCompressed ? { "content-encoding": "gzip" } : {};
          const headers = { "content-type": `application/${name}`, ...encoding };
          const socketPath = pathOf(t.server.address);
          assert.match(
            await http1({ socketPath, path, method: "POST", headers, agent: false }, bytes),
            /"resource_exhausted"/,
          );
        });
      }
    }
  });
}

function http1(options: Parameters<typeof httpRequest>[1] & object, body: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    httpRequest(options, async (res) => resolve((await all(res.setEncoding("utf8"))).join("")))
      .on("error", reject)
      .end(body);
  });
}
