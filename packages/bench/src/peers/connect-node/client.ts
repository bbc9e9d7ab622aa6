import { connect } from "node:net";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { BenchService } from "../../gen/vyra/bench/v1/bench_pb.js";
import { clientProgram } from "../../program/client-program.js";
import { maxSessionMemory } from "../node-http2/options.js";
import { connectConnection } from "../shared/connect-client.js";
import { connectInterceptors } from "../shared/connect-interceptors.js";

const baseUrl = "http://localhost";

await clientProgram(async (address, { withExtras, adds }) => {
  const nodeOptions = { createConnection: () => connect(address), maxSessionMemory };
  const sessionManager = new Http2SessionManager(baseUrl, undefined, nodeOptions);
  await sessionManager.connect();
  const transport = createGrpcTransport({
    baseUrl,
    sessionManager,
    interceptors: connectInterceptors(adds, "client"),
  });
  return connectConnection(createClient(BenchService, transport), withExtras);
});
