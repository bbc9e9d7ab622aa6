// npm run test:nginx [-- --engine node,direct]
//
// Runs nginx as a gRPC proxy (`grpc_pass`) between a grpc-js client and our server, for each of our engines with a
// server: the interop cases, with a new connection to the server for each call, and with connections that are kept.
import { parseArgs } from "node:util";
import { type Outcome, runPairing } from "../interop/pairing.js";
import { grpcJsClient, ourSide, type Side } from "../interop/peers.js";
import { pathOf } from "../support/engines.js";
import { nginxVersion } from "../support/nginx.js";
import { chosen, finish } from "../support/runner.js";
import { type ConnectionKind, connectionKinds, startProxy } from "./proxy.js";

const { values: options } = parseArgs({ options: { engine: { type: "string", multiple: true } } });
type ServerEngine = "direct" | "node";
const allEngines: readonly { readonly name: ServerEngine }[] = [{ name: "direct" }, { name: "node" }];
const engines = chosen(options.engine, allEngines, "name").map(({ name }) => name);

const unseen = "which messages are compressed is seen between client and server, where nginx is now";
/** Cases that cannot be run here, and the reasons. */
const clientCannot = {
  client_compressed_unary: unseen,
  client_compressed_streaming: unseen,
  server_compressed_unary: unseen,
  server_compressed_streaming: unseen,
};

const version = nginxVersion();
if (version === undefined) {
  console.error("nginx is missing (apt-get install nginx)");
  process.exit(1);
}

let passed = 0;
let failed = 0;
for (const engine of engines) {
  for (const connections of connectionKinds) {
    const { outcomes, complaints } = await run(engine, connections);
    const bad = outcomes.flatMap(([name, one]) => (one.verdict === "failed" ? [`✗ ${name}: ${one.note}`] : []));
    const good = outcomes.filter(([, { verdict }]) => verdict === "passed");
    console.log(`engine ${engine}, ${connections} connections: ${good.length} passed, ${bad.length} failed`);
    for (const line of bad) {
      console.log(line);
    }
    if (bad.length > 0) {
      console.log(complaints);
    }
    passed += good.length;
    failed += bad.length;
  }
}
console.log(`grpc-js through ${version}: ${passed} passed, ${failed} failed`);
finish(passed, failed);

interface Result {
  readonly outcomes: readonly (readonly [name: string, outcome: Outcome])[];
  /** What nginx wrote to standard error. */
  readonly complaints: string;
}

async function run(engine: ServerEngine, connections: ConnectionKind): Promise<Result> {
  const module = `vyra_nginx_${process.pid}_${engine}_${connections}`;
  const proxy = await startProxy(pathOf(module));
  const client: Side = {
    peer: { title: `grpc-js through ${version}`, clientCannot },
    programs: { client: (_, cases) => grpcJsClient(proxy[connections], cases) },
  };
  const outcomes = await runPairing(ourSide(engine), client, module);
  return { outcomes: [...outcomes], complaints: await proxy.stop() };
}
