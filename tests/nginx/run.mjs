// npm run test:nginx [-- --engine node,direct]
//
// nginx as a gRPC proxy (`grpc_pass`) between a client of grpc-js and our server, over each of our engines that serve: the
// interop cases, with a connection to the server for each call, and with connections that are kept.
import { parseArgs } from "node:util";
import { resolveSocket } from "@vyra/ipc";
import { runPairing } from "../interop/pairing.mjs";
import { ourPeer, peers } from "../interop/peers.mjs";
import { nginxVersion, startNginx } from "./nginx.mjs";

const { values: options } = parseArgs({ options: { engine: { type: "string", multiple: true } } });
const engines = options.engine?.flatMap((list) => list.split(",")) ?? ["direct", "node"];

const unseen = "which messages are compressed is seen between client and server, where nginx is now";
/** Cases that cannot be run here, and why. */
const clientCannot = {
  client_compressed_unary: unseen,
  client_compressed_streaming: unseen,
  server_compressed_unary: unseen,
  server_compressed_streaming: unseen,
};

const grpcJs = peers.find(({ name }) => name === "grpc-js");
/** Where its command has the server's address: node, client.mjs, address, cases. Here that is nginx's. */
const addressAt = 2;

const version = nginxVersion();
if (version === undefined) {
  console.error("nginx is missing (apt-get install nginx)");
  process.exit(1);
}

let passed = 0;
let failed = 0;
for (const engine of engines) {
  for (const connections of ["fresh", "kept"]) {
    const { outcomes, complaints } = await run(engine, connections);
    const bad = outcomes.filter(([, { verdict }]) => verdict === "failed");
    const good = outcomes.filter(([, { verdict }]) => verdict === "passed");
    console.log(`engine ${engine}, ${connections} connections: ${good.length} passed, ${bad.length} failed`);
    for (const [name, { note }] of bad) {
      console.log(`✗ ${name}: ${note}`);
    }
    if (bad.length > 0) {
      console.log(complaints);
    }
    passed += good.length;
    failed += bad.length;
  }
}
console.log(`grpc-js through ${version}: ${passed} passed, ${failed} failed`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

async function run(engine, connections) {
  const module = `vyra_nginx_${process.pid}_${engine}_${connections}`;
  const nginx = await startNginx(resolveSocket(module).path);
  const client = {
    title: `grpc-js through ${version}`,
    clientCannot,
    client: (tools, path, cases) => grpcJs.client(tools, path, cases).with(addressAt, nginx[connections]),
  };
  const outcomes = await runPairing({ peer: ourPeer(engine), tools: {} }, { peer: client, tools: {} }, module);
  return { outcomes: [...outcomes], complaints: await nginx.stop() };
}
