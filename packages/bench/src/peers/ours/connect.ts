import { type ChannelOptions, createChannel } from "@vyra/ipc";
import type { Job } from "../../contract/job.js";
import { BenchService } from "../../gen/vyra/bench/v1/bench_pb.js";
import type { Connection } from "../../load/connection.js";
import { connectConnection } from "../shared/connect-client.js";
import { channelAdditions } from "./additions.js";
import { batchedStreams } from "./in-batches.js";

/**
 * Every call has a deadline, as by default. 10,000 open calls on a busy machine may take longer than the default of 5
 * s.
 */
const timeoutMs = 120_000;

/** Opens a channel of @vyra/ipc and waits until it is ready. */
export async function connectOurs(address: string, job: Job, options: ChannelOptions): Promise<Connection> {
  const channel = createChannel(address, { timeoutMs, ...(await channelAdditions(job)), ...options });
  await channel.ready();
  if (job.adds === "stats") {
    channel.stats(); // calls are timed once stats have been read
  }
  const client = channel.client(BenchService);
  return { ...connectConnection(client, job.withExtras), ...(job.inBatches && batchedStreams(client)) };
}
