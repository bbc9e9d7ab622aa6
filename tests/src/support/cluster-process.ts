/**
 * The echo service as a cluster: `node cluster-process.js SOCKET ENGINE [OPTIONS as JSON]`. Each worker answers with its pid as the
 * payload's text. The primary prints a line for what happens, and does what it is told by lines on standard input.
 */
import { createInterface } from "node:readline";
import { type ServeOptions, serveCluster } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { createEcho } from "./echo.js";

const [socket = "", engine, options = "{}"] = process.argv.slice(2);
const { failWorkers, ...clusterOptions } = JSON.parse(options);
if (failWorkers && process.send) {
  process.exit(3);
}
const echo = createEcho();
const cluster = await serveCluster({
  socket,
  engine: engine as ServeOptions["engine"],
  routes(router) {
    router.service(EchoService, echo);
    router.rpc(EchoService.method.unary, async (request, context) => ({
      ...(await echo.unary(request, context)),
      text: `${request.text}@${process.pid}`,
    }));
  },
  onError: (error) => console.log(`reported ${error instanceof Error ? error.message : error}`),
  ...clusterOptions,
});
if (cluster.role === "primary") {
  console.log(`serving at ${cluster.address}`);
  void cluster.closed.then(() => console.log("closed"));
  const input = createInterface(process.stdin);
  input.on("line", (line) => {
    switch (line) {
      case "workers":
        console.log(`workers ${JSON.stringify(cluster.workers)}`);
        break;
      case "restart":
        cluster.restart().then(
          () => console.log("restarted"),
          (error) => console.log(`not restarted: ${error.message}`),
        );
        break;
      case "close":
        void cluster.close();
        input.close();
        break;
      case "second":
        serveCluster({ socket: `${socket}2`, routes: () => {} }).catch((error) =>
          console.log(`second ${error.message}`),
        );
        break;
    }
  });
}
