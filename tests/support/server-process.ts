/**
 * The echo service in its own process: `node server-process.js SOCKET ENGINE [OPTIONS as JSON]`. Prints a line once it
 * serves.
 */
import { type ServeOptions, serve } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { createEcho } from "./echo.js";

const [socket = "", engine, options = "{}"] = process.argv.slice(2);
const echo = createEcho();
const server = await serve({
  socket,
  engine: engine as ServeOptions["engine"],
  routes: (router) => router.service(EchoService, echo),
  ...JSON.parse(options),
});
console.log(`serving at ${server.address}`);
void server.closed.then(() => console.log("closed"));
// A test sends commands as lines on standard input.
process.stdin.on("data", (line) => {
  switch (String(line).trim()) {
    case "exit":
      process.exit(7);
      break;
    case "throw":
      throw new Error("uncaught on purpose");
  }
});
process.stdin.unref?.();
