/** The frontend: `node frontend.mjs [module] [calls]`. Four connections, whose calls take turns. */
import { createChannel } from "@vyra/ipc";
import { BackendService } from "@vyra/ipc/proto";

const [module = "cluster_demo", calls = "8"] = process.argv.slice(2);

const channel = createChannel(module, { connections: 4, timeoutMs: 30_000 });
const backend = channel.client(BackendService);

const results = Array.from({ length: Number(calls) }, () => backend.processData({ data: "200000" }));
for (const { result } of await Promise.all(results)) {
  console.log(`primes below 200000: ${result}`);
}
await channel.close();
