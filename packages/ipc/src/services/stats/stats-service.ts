import type { ConnectRouter } from "@connectrpc/connect";
import { StatsService } from "../../gen/vyra/ipc/stats_service_pb.js";
import { statusNames } from "../../grpc/index.js";
import {
  type LatencyStats,
  latencyBoundsMs,
  type MemoryStats,
  type MethodStats,
  type ServerStats,
} from "../../stats/index.js";

/** Registers `vyra.ipc.StatsService`, which reports the counts of all methods except its own. */
export function registerStats(router: ConnectRouter, statsNow: () => ServerStats): void {
  router.service(StatsService, {
    getStats() {
      const { uptimeMs, connections, acceptedConnections, memory, methods } = statsNow();
      return {
        uptimeMs: BigInt(Math.round(uptimeMs)),
        openConnections: BigInt(connections),
        acceptedConnections: BigInt(acceptedConnections),
        ...(memory && { memory: memoryStats(memory) }),
        methods: Object.entries(methods)
          .filter(([method]) => !method.startsWith(`${StatsService.typeName}/`))
          .map(([method, stats]) => methodStats(method, stats)),
      };
    },
  });
}

function memoryStats({ unreadBytes, unfinishedBytes, waitingBytes, fieldBytes, limitBytes }: MemoryStats) {
  return {
    unreadBytes: BigInt(unreadBytes),
    unfinishedBytes: BigInt(unfinishedBytes),
    waitingBytes: BigInt(waitingBytes),
    fieldBytes: BigInt(fieldBytes),
    limitBytes: BigInt(limitBytes),
  };
}

function methodStats(method: string, { inFlight, ended, latency }: MethodStats) {
  const byCode = Object.entries(ended).map(([name, count]) => [statusNames.indexOf(name as never), BigInt(count)]);
  return {
    method,
    inProgress: BigInt(inFlight),
    ended: Object.fromEntries(byCode) as Record<number, bigint>,
    ...(latency && { latency: histogram(latency) }),
  };
}

function histogram({ count, meanMs, buckets }: LatencyStats) {
  const counts = new Map(buckets.map((bucket) => [bucket.upToMs, bucket.count]));
  return {
    boundsMs: [...latencyBoundsMs],
    counts: [...latencyBoundsMs, Number.POSITIVE_INFINITY].map((bound) => BigInt(counts.get(bound) ?? 0)),
    sumMs: count * meanMs,
  };
}
