import { type ChannelOptions, createChannel, retry } from "@vyra/ipc";
import { BenchService } from "../../gen/vyra/bench/v1/bench_pb.js";
import { clientProgram } from "../../program/client-program.js";
import { connectConnection } from "../shared/connect-client.js";

/** A deadline for every call, as always; 10,000 at once on a busy machine may take longer than the default of 5 s. */
const timeoutMs = 120_000;

await clientProgram(async (address, { withExtras }, [engine]) => {
  const channel = createChannel(address, {
    timeoutMs,
    engine: engine as ChannelOptions["engine"],
    interceptors: withExtras ? [retry()] : [],
  });
  await channel.ready();
  return connectConnection(channel.client(BenchService), withExtras);
});
