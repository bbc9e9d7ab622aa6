/** The server of the soak test, which measures itself when asked: `node --expose-gc server.js SOCKET ENGINE`. */
import { type ServeOptions, serve } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { createEcho } from "../support/echo.js";
import { measure } from "./measure.js";

const [socket = "", engine] = process.argv.slice(2);
await serve({
  socket,
  engine: engine as ServeOptions["engine"],
  onError: () => {},
  routes: (router) => router.service(EchoService, createEcho()),
});
process.on("disconnect", () => process.exit());
process.on("message", async () => {
  process.send?.(await measure());
});
process.send?.("serving");
