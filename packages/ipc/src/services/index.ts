/**
 * What every server has besides its user's services: health and reflection, as gRPC defines them, and its counts. They are there unless switched
 * off, know of all services without being told, and never hold up a shutdown: `drain()` ends their streams. A service of the same
 * name that the user registers takes the place of ours.
 *
 * Whoever uses this says who is the server's own user, registers them before the user's services, says which those are, and drains before anything else is shut
 * down. What is generated from proto is loaded when a server needs it, not with the package.
 */
import type { DescFile, DescService } from "@bufbuild/protobuf";
import type { ConnectRouter, ContextValues } from "@connectrpc/connect";
import type { ServerStats } from "../stats/index.js";
import { type Health, Statuses } from "./health/status.js";

export type { Health, HealthStatus } from "./health/status.js";

export interface ServicesOptions {
  /** Whether the server answers `grpc.health.v1`. Default: true. */
  readonly health?: boolean | undefined;
  /**
   * Whether the server answers `grpc.reflection.v1` and `v1alpha`: false to nobody, true to whoever may call. Default: to its own
   * user and root.
   */
  readonly reflection?: boolean | ReflectionOptions | undefined;
  /** Whether the server answers `vyra.ipc.StatsService`, which `vyra-ipc top` asks. Default: true. */
  readonly stats?: boolean | undefined;
}

export interface ReflectionOptions {
  /**
   * Generated files to tell of besides those of the services and what they import: of messages that travel as
   * `google.protobuf.Any`, and of extensions.
   */
  readonly files?: readonly DescFile[] | undefined;
}

export interface Services {
  register(router: ConnectRouter): void;
  /** All services of the server, ours included. Said once, before the first call. */
  announce(services: readonly DescService[]): void;
  readonly health: Health;
  /** From now on no service is serving; whoever watches is told, and all streams end. */
  drain(): void;
}

export async function createServices(
  { health = true, reflection, stats = true }: ServicesOptions,
  statsNow: () => ServerStats,
  isOwnUser: (caller: ContextValues) => boolean,
): Promise<Services> {
  const statuses = new Statuses();
  const draining = new AbortController();
  let announced: readonly DescService[] = [];
  const [healthService, reflectionService, statsService] = await Promise.all([
    health ? import("./health/health-service.js") : undefined,
    reflection !== false ? import("./reflection/reflection-service.js") : undefined,
    stats ? import("./stats/stats-service.js") : undefined,
  ]);
  const { files = [] } = typeof reflection === "object" ? reflection : {};
  const mayAsk = reflection === undefined ? isOwnUser : () => true;
  return {
    register(router) {
      healthService?.registerHealth(router, statuses);
      reflectionService?.registerReflection(router, () => announced, files, draining.signal, mayAsk);
      statsService?.registerStats(router, statsNow);
    },
    announce(services) {
      announced = services;
      statuses.add(services.map(({ typeName }) => typeName).filter((name) => !isOurs.test(name)));
    },
    health: statuses,
    drain() {
      statuses.drain();
      draining.abort();
    },
  };
}

/** Nobody asks how the ones that tell are. */
const isOurs = /^grpc\.(health|reflection)\.v1(alpha)?\.|^vyra\.ipc\.StatsService$/;
