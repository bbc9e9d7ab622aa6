import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import {
  Health as HealthService,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../gen/grpc/health/v1/health_pb.js";
import type { Statuses } from "./status.js";

/**
 * Registers `grpc.health.v1`, which answers with these statuses:
 * https://github.com/grpc/grpc/blob/master/doc/health-checking.md.
 */
export function registerHealth(router: ConnectRouter, statuses: Statuses): void {
  router.service(HealthService, {
    check({ service }) {
      const status = statuses.get(service);
      if (status === undefined) {
        throw new ConnectError(`unknown service ${JSON.stringify(service)}`, Code.NotFound);
      }
      return { status: ServingStatus[status] };
    },
    list() {
      const named = [...statuses.names()].map((name) => [name, { status: statusOf(statuses, name) }]);
      return { statuses: Object.fromEntries(named) };
    },
    async *watch({ service }, { signal }) {
      for (let last: ServingStatus | undefined; ; ) {
        const status = statusOf(statuses, service);
        if (status !== last) {
          last = status;
          yield { status };
        } else if (statuses.isDraining) {
          return;
        } else {
          await statuses.changed(signal);
        }
      }
    },
  });
}

function statusOf(statuses: Statuses, service: string): ServingStatus {
  return ServingStatus[statuses.get(service) ?? "SERVICE_UNKNOWN"];
}
