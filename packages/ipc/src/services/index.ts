/**
 * The services that every server has besides those of its user: health and reflection, as gRPC defines them, and
 * statistics. They are registered unless switched off, know all services of the server without being told, and never
 * delay a shutdown, since `drain()` ends their streams. A service of the same name that the user registers replaces the
 * one here.
 *
 * A caller must say who is the server's own user, register these services before the user's, announce all services, and
 * drain before anything else is shut down. Generated code is loaded when a server needs it, not with the package.
 */
import type { DescFile, DescService } from "@bufbuild/protobuf";
import type { ConnectRouter, ContextValues } from "@connectrpc/connect";
import type { ServerStats } from "../stats/index.js";
import { allowManyListeners } from "../user-code/shared-signal.js";
import { type Health, Statuses } from "./health/status.js";

export type { Health, HealthStatus } from "./health/status.js";

/** Which services of this package a server has. */
export interface ServicesOptions {
  /** Whether the server provides `grpc.health.v1`. Default: true. */
  readonly health?: boolean | undefined;
  /**
   * Who may use `grpc.reflection.v1` and `v1alpha`: false for nobody, true (or options) for everybody who may call the
   * server. Default: only the server's own user and root.
   */
  readonly reflection?: boolean | ReflectionOptions | undefined;
  /** Whether the server provides `vyra.ipc.StatsService`, which `vyra-ipc top` uses. Default: true. */
  readonly stats?: boolean | undefined;
}

/** The options of reflection. */
export interface ReflectionOptions {
  /**
   * Generated files to describe besides those of the services and their imports, such as those of messages in
   * `google.protobuf.Any` and of extensions. Default: none.
   */
  readonly files?: readonly DescFile[] | undefined;
}

/** The services of this package on one server. */
export interface Services {
  /** Registers the services. Called before the user's are registered. */
  register(router: ConnectRouter): void;
  /** Announces all services of the server, including these. Called once, before the first call. */
  announce(services: readonly DescService[]): void;
  /** The health of the server's services. */
  readonly health: Health;
  /** Marks all services as not serving, tells their watchers, and ends all streams. */
  drain(): void;
}

/**
 * Creates the services that the options ask for, loading their generated code.
 *
 * @param statsNow returns the server's statistics
 * @param isOwnUser tells whether a caller is the server's own user or root
 */
export async function createServices(
  { health = true, reflection, stats = true }: ServicesOptions,
  statsNow: () => ServerStats,
  isOwnUser: (caller: ContextValues) => boolean,
): Promise<Services> {
  const statuses = new Statuses();
  const draining = new AbortController();
  allowManyListeners(draining.signal); // each stream of reflection adds one
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

/** The services of this package, for which no health is reported. */
const isOurs = /^grpc\.(health|reflection)\.v1(alpha)?\.|^vyra\.ipc\.StatsService$/;
