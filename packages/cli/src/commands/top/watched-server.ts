import { createClient } from "@connectrpc/connect";
import { type MethodStats, type StatsResponse, StatsService } from "@vyra/ipc/proto";
import { isInfrastructure } from "../../descriptors/source.js";
import { Failure } from "../../failure.js";
import { type Connection, failureAt, isUnimplemented } from "../../server/connection.js";
import { interrupted } from "../../terminal/interrupt.js";
import { ratesBetween, type ServerRate } from "./rates.js";

/** The timeout of a request for a server's counts. */
const timeoutMs = 2_000;

/** A server whose counts are sampled again and again. */
export class WatchedServer {
  #last: StatsResponse | undefined;

  constructor(
    /** The name that the user gave on the command line. */
    readonly name: string,
    private readonly connection: Connection,
    /** Whether the infrastructure of every server (health, reflection, this service) is shown as well. */
    private readonly isWithAll: boolean,
  ) {}

  /**
   * Returns the activity since the previous call; undefined at the first call.
   *
   * @throws {Failure} if the server is unreachable, or does not report counts.
   */
  async sample(): Promise<ServerRate | undefined> {
    const before = this.#last;
    this.#last = undefined;
    this.#last = await this.#ask();
    return before && ratesBetween(before, this.#last);
  }

  async #ask(): Promise<StatsResponse> {
    try {
      const stats = await createClient(StatsService, this.connection.transport).getStats(
        {},
        { timeoutMs, signal: interrupted },
      );
      return this.isWithAll ? stats : { ...stats, methods: stats.methods.filter(isOffered) };
    } catch (error) {
      throw isUnimplemented(error)
        ? new Failure(
            "failed",
            `the server at ${this.connection.path} does not count its calls (vyra.ipc.StatsService)`,
          )
        : failureAt(this.connection, error);
    }
  }
}

function isOffered({ method }: MethodStats): boolean {
  return !isInfrastructure(method.slice(0, method.lastIndexOf("/")));
}
