// A user's first call, from a CommonJS module.
const assert = require("node:assert/strict");
const { createChannel, serve } = require("@vyra/ipc");
const { BackendService } = require("@vyra/ipc/proto");

async function main() {
  const server = await serve({
    socket: "consumer",
    routes: (router) =>
      router.service(BackendService, { processData: ({ data }) => ({ result: `${data} from CommonJS` }) }),
  });
  const channel = createChannel("consumer");
  const { result } = await channel.client(BackendService).processData({ data: "hello" });
  assert.equal(result, "hello from CommonJS");
  await channel.close();
  await server.close();
  console.log(`${server.address}: ${result}`);
}

main();
