/**
 * `server.js <engine> <address>`: the test services, served by @vyra/ipc. Prints "ready" when it accepts calls; ends on
 * SIGTERM.
 */
import { compressionGzip } from "@connectrpc/connect-node";
import { type ServeOptions, serve } from "@vyra/ipc";
import { TestService } from "../../gen/grpc/testing/test_pb.js";
import { ProbeService } from "../../gen/grpc/testing/vyra/probe_pb.js";
import { createProbe } from "./probe-service.js";
import { testService } from "./test-service.js";

const [engine, socket = ""] = process.argv.slice(2);

await serve({
  socket,
  engine: engine as ServeOptions["engine"],
  acceptCompression: [compressionGzip],
  routes: (router) => router.service(TestService, testService).service(ProbeService, createProbe()),
});
console.log("ready");
