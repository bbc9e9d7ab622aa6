import { setTimeout as delay } from "node:timers/promises";
import { ConnectError } from "@connectrpc/connect";
import type { Channel } from "@vyra/ipc";
import { BackendService } from "@vyra/ipc/proto";
import { codeName, microsecondsSince } from "./format.js";

/** The backend as the frontend sees it now. */
export type Status =
  | { readonly state: "up"; readonly status: string; readonly uptimeSeconds: number; readonly latencyUs: number }
  | { readonly state: "down"; readonly code: string; readonly message: string };

/** How often the backend is asked how it is, in milliseconds. */
const intervalMs = 500;

/** Watches the backend, once for all visitors of the page. */
export class StatusFeed {
  readonly #visitors = new Set<(status: Status) => void>();
  #latest: Status | undefined;

  constructor(private readonly channel: Channel) {}

  /** Calls `visitor` with the latest status, and with every later one until the function that it returns is called. */
  subscribe(visitor: (status: Status) => void): () => void {
    this.#visitors.add(visitor);
    if (this.#latest !== undefined) {
      visitor(this.#latest);
    }
    return () => this.#visitors.delete(visitor);
  }

  /** Watches until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const status = await this.#look(signal);
      this.#latest = status;
      for (const visitor of this.#visitors) {
        visitor(status);
      }
      // ready() resolves as soon as somebody is there. Should it fail, the next look tells why.
      const isAbsent = status.state === "down" && status.code === "UNAVAILABLE";
      await (isAbsent ? this.channel.ready({ signal }) : delay(intervalMs, undefined, { signal })).catch(() => {});
    }
  }

  async #look(signal: AbortSignal): Promise<Status> {
    const start = performance.now();
    try {
      const { status, uptimeSeconds } = await this.channel.client(BackendService).getStatus({}, { signal });
      return { state: "up", status, uptimeSeconds: Number(uptimeSeconds), latencyUs: microsecondsSince(start) };
    } catch (error) {
      const { code, rawMessage } = ConnectError.from(error);
      return { state: "down", code: codeName(code), message: rawMessage };
    }
  }
}
