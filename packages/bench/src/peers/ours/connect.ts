import { type ChannelOptions, createChannel, retry } from "@vyra/ipc";
import type { Job } from "../../contract/job.js";
import { BenchService } from "../../gen/vyra/bench/v1/bench_pb.js";
import type { Connection } from "../../load/connection.js";
import { connectConnection } from "../shared/connect-client.js";

/**
 * Every call has a deadline, as by default. 10,000 open calls on a busy machine may take longer than the default of 5
 * s.
 */
const timeoutMs = 120_000;

/** Opens a channel of @vyra/ipc and waits until it is ready. */
export async function connectOurs(address: string, { withExtras }: Job, options: ChannelOptions): Promise<Connection> {
  const channel = createChannel(address, { timeoutMs, interceptors: withExtras ? [retry()] : [], ...options });
  await channel.ready();
  return connectConnection(channel.client(BenchService), withExtras);
}
