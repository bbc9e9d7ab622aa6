/**
 * `server.js <engine> [intercepted]`: the server under test. It reads from standard input what to serve, serves it on a
 * Unix socket behind a relay, and writes the relay's address to standard output. It ends on SIGTERM.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { compressionGzip } from "@connectrpc/connect-node";
import { type ServeOptions, serve } from "@vyra/ipc";
import { conformanceService } from "./conformance-service.js";
import { readMessages, writeMessage } from "./delimited.js";
import {
  ServerCompatRequestSchema,
  ServerCompatResponseSchema,
} from "./gen/connectrpc/conformance/v1/server_compat_pb.js";
import { ConformanceService } from "./gen/connectrpc/conformance/v1/service_pb.js";
import { registry } from "./messages.js";
import { passOn } from "./pass-on.js";
import { relay } from "./relay.js";

const [engine, intercepted] = process.argv.slice(2);
const host = "127.0.0.1";

const { value: request } = await readMessages(process.stdin, ServerCompatRequestSchema).next();
if (request === undefined || request.useTls) {
  throw new Error("a server in clear text is all there is");
}

const folder = mkdtempSync(join(tmpdir(), "vyra-conformance-"));
const path = join(folder, "server.sock");
const server = await serve({
  socket: path,
  engine: engine as ServeOptions["engine"],
  routes: (router) => router.service(ConformanceService, conformanceService),
  acceptCompression: [compressionGzip],
  compressMinBytes: 0,
  jsonOptions: { registry },
  interceptors: intercepted === undefined ? [] : [passOn],
  signals: false,
  graceMs: 0,
  ...(request.messageReceiveLimit > 0 && { readMaxBytes: request.messageReceiveLimit }),
});
const { port, close } = await relay({ host, port: 0 }, { path });

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, stop);
}
const { ppid } = process;
setInterval(() => process.ppid !== ppid && stop(), 1_000); // a runner that is killed sends no signal

async function stop(): Promise<void> {
  close();
  await server.close();
  rmSync(folder, { recursive: true });
  process.exit();
}

writeMessage(ServerCompatResponseSchema, create(ServerCompatResponseSchema, { host, port: port ?? 0 }));
