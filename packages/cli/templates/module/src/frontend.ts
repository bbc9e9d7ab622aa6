/** The frontend process, which calls the backend. */
import { createChannel } from "@vyra/ipc";
import { MyModuleService } from "./gen/my_module_pb.js";

await using channel = createChannel(process.env.MODULE ?? "my_module");
const backend = channel.client(MyModuleService);

await channel.ready({ timeoutMs: 10_000 }); // the backend may still be starting
console.log((await backend.greet({ name: "world" })).text);
for await (const { number } of backend.count({ to: 3 })) {
  console.log(number);
}
