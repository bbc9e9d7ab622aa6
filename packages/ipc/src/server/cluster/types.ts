import type { Health } from "../../services/index.js";
import type { ServeOptions } from "../options.js";

/** The options of `serve()`, which apply to the primary and its workers alike, and the number of workers. */
export interface ServeClusterOptions extends ServeOptions {
  /** The number of processes that answer calls. Default: `os.availableParallelism()`. */
  readonly workers?: number | undefined;
}

/** The process that owns the name. It answers no calls itself. */
export interface ClusterPrimary extends AsyncDisposable {
  /** Distinguishes the primary from a worker. */
  readonly role: "primary";
  /** The address of the cluster in the form of a gRPC target: `unix:/tmp/my_module_ipc.sock`. */
  readonly address: string;
  /** The workers that accept connections at present. */
  readonly workers: readonly ClusterMember[];
  /**
   * Replaces all workers one after another without losing a call: once a new worker is ready, an old one gets no more
   * connections, answers the calls it has, and ends. Rejects if a new worker ends before it is ready; the workers not
   * yet replaced then continue.
   */
  restart(): Promise<void>;
  /**
   * Gives up the name at once, lets all workers answer the calls they have for up to `graceMs`, and resolves when the
   * last of their processes has ended. Further calls have no effect.
   */
  close(): Promise<void>;
  /** Resolves when the cluster has closed, for whatever reason. */
  readonly closed: Promise<void>;
}

/** A worker as the primary sees it. */
export interface ClusterMember {
  /** The id of its process. */
  readonly pid: number;
  /** The number of connections that it serves. */
  readonly connections: number;
}

/** One of the processes that answer calls. */
export interface ClusterWorker {
  /** Distinguishes a worker from the primary. */
  readonly role: "worker";
  /** The health of its services, which this worker reports by `grpc.health.v1`. */
  readonly health: Health;
  /** Resolves when it has answered its last call. The process then has one second to end by itself. */
  readonly closed: Promise<void>;
}
