// A user's first call, from an ES module.
import assert from "node:assert/strict";
import { createChannel, serve } from "@vyra/ipc";
import { BackendService } from "@vyra/ipc/proto";

const server = await serve({
  socket: "consumer",
  routes: (router) =>
    router.service(BackendService, { processData: ({ data }) => ({ result: `${data} from an ES module` }) }),
});
const channel = createChannel("consumer");
const { result } = await channel.client(BackendService).processData({ data: "hello" });
assert.equal(result, "hello from an ES module");
await channel.close();
await server.close();
console.log(`${server.address}: ${result}`);
