import { createChannel } from "@vyra/ipc";
import { BenchService } from "../../gen/vyra/bench/v1/bench_pb.js";
import { clientProgram } from "../../program/client-program.js";
import { connectConnection } from "../shared/connect-client.js";
import { interceptorsOf } from "./interceptors.js";

await clientProgram(async (address, { withExtras }, [name]) => {
  const channel = createChannel(address, { timeoutMs: 120_000, interceptors: interceptorsOf(name) });
  await channel.ready();
  if (name === "direct-stats") {
    channel.stats(); // the first call of stats() switches the counting on
  }
  return connectConnection(channel.client(BenchService), withExtras);
});
