import { createClient } from "@connectrpc/connect";
import { type MethodStats, type StatsResponse, StatsService } from "@vyra/ipc/proto";
import { isInfrastructure } from "../../descriptors/source.js";
import { Failure } from "../../failure.js";
import { type Connection, failureAt, isUnimplemented } from "../../server/connection.js";
import { interrupted } from "../../terminal/interrupt.js";
import { ratesBetween, type ServerRate } from "./rates.js";

/** How long a server may take to tell its counts. */
const timeoutMs = 2_000;

/** A server that is looked at again and again. */
export class WatchedServer {
  #last: StatsResponse | undefined;

  constructor(
    /** What the user calls it. */
    readonly name: string,
    private readonly connection: Connection,
    /** Whether to tell also of what every server has: health, reflection, this service. */
    private readonly isWithAll: boolean,
  ) {}

  /**
   * What it has done since the last look; undefined at the first.
   *
   * @throws {Failure} if it cannot be reached, or does not tell.
   */
  async look(): Promise<ServerRate | undefined> {
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
