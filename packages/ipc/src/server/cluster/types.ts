import type { Health } from "../../services/index.js";
import type { ServeOptions } from "../options.js";

/** As for `serve()`; in the primary and its workers alike. */
export interface ServeClusterOptions extends ServeOptions {
  /** How many processes answer calls. Default: `os.availableParallelism()`. */
  readonly workers?: number | undefined;
}

/** The process that has the name. It answers no calls itself. */
export interface ClusterPrimary extends AsyncDisposable {
  readonly role: "primary";
  /** Where the cluster is, as a gRPC client dials it: `unix:/tmp/my_module_ipc.sock`. */
  readonly address: string;
  /** The workers that take connections now. */
  readonly workers: readonly ClusterMember[];
  /**
   * Replaces all workers one after another: a new one is ready, then an old one takes no more connections, answers what it is busy
   * with, and ends. No call is lost. Rejects if a new worker ends before it is ready; those not yet replaced then go on.
   */
  restart(): Promise<void>;
  /**
   * Gives the name up at once, has all workers answer what they are busy with for up to `graceMs`, and resolves when the last of
   * their processes has ended. Calling it again changes nothing.
   */
  close(): Promise<void>;
  /** Resolves when the cluster has closed, for whatever reason. */
  readonly closed: Promise<void>;
}

/** A worker as its primary sees it. */
export interface ClusterMember {
  readonly pid: number;
  /** How many connections it serves. */
  readonly connections: number;
}

/** One of the processes that answer calls. */
export interface ClusterWorker {
  readonly role: "worker";
  /** How its services are, for those who ask this worker by `grpc.health.v1`. */
  readonly health: Health;
  /** Resolves when it has answered its last call; the process has then a second to end by itself. */
  readonly closed: Promise<void>;
}
