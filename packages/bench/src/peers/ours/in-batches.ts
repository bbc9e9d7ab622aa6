import type { Client, ConnectRouter } from "@connectrpc/connect";
import { batches, inBatches } from "@vyra/ipc";
import { BenchService } from "../../gen/vyra/bench/v1/bench_pb.js";
import type { Connection } from "../../load/connection.js";

/** The number of messages in each array that is sent. */
const batchSize = 256;

/** Streams of messages in one direction that are read and written in arrays. */
export function batchedStreams(client: Client<typeof BenchService>): Required<Pick<Connection, "download" | "upload">> {
  return {
    async download(payloadBytes, onMessages) {
      for await (const batch of batches(client.download({ payloadBytes }))) {
        if (!onMessages(batch.length)) {
          break;
        }
      }
    },

    async upload(payload, hasMore) {
      async function* arrays() {
        while (hasMore(batchSize)) {
          yield Array.from({ length: batchSize }, () => ({ payload }));
        }
      }
      const { count } = await client.upload(inBatches(arrays()));
      return Number(count);
    },
  };
}

/** The server's side of the same streams. */
export function batchedRoutes(router: ConnectRouter): void {
  router.service(BenchService, {
    download({ payloadBytes }, { signal }) {
      const payload = new Uint8Array(payloadBytes);
      async function* arrays() {
        while (!signal.aborted) {
          yield Array.from({ length: batchSize }, () => ({ payload }));
        }
      }
      return inBatches(arrays());
    },

    async upload(requests) {
      let count = 0;
      for await (const batch of batches(requests)) {
        count += batch.length;
      }
      return { count: BigInt(count) };
    },
  });
}
