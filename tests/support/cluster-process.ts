/**
 * The echo service as a cluster: `node cluster-process.js SOCKET ENGINE [OPTIONS as JSON]`. The response to a unary
 * call names the caller and the worker that answered. The primary prints a line for each event, and obeys commands on
 * standard input. While the file `failIfThere` exists, workers exit as soon as they have started.
 */
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { peerKey, type ServeOptions, serveCluster } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { createEcho } from "./echo.js";

const [socket = "", engine, options = "{}"] = process.argv.slice(2);
const { failIfThere, ...clusterOptions } = JSON.parse(options);
if (process.send && failIfThere && existsSync(failIfThere)) {
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
      text: `${context.values.get(peerKey)?.pid} ${process.pid}`,
    }));
  },
  onError: (error) => console.log(`reported ${error instanceof Error ? error.message : error}`),
  ...clusterOptions,
});
if (cluster.role === "primary") {
  console.log(`serving at ${cluster.address}`);
  const input = createInterface(process.stdin);
  void cluster.closed.then(() => {
    console.log("closed");
    input.close();
  });
  input.on("line", (line) => {
    switch (line) {
      case "workers":
        console.log(JSON.stringify(cluster.workers));
        break;
      case "restart":
        cluster.restart().then(
          () => console.log("restarted"),
          (error) => console.log(`not restarted: ${error.message}`),
        );
        break;
      case "close":
        void cluster.close();
        break;
      case "second":
        serveCluster({ socket: `${socket}2`, routes: () => {} }).catch((error) =>
          console.log(`no second: ${error.message}`),
        );
        break;
    }
  });
}
