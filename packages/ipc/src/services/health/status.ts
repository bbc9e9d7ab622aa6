/** How a service is. The names are those of `grpc.health.v1`. */
export type HealthStatus = "SERVING" | "NOT_SERVING";

/** How the services of a server are: what their code says, until the server closes. */
export interface Health {
  /**
   * Says how a service is, by its full name, `package.Service`; the empty name is the server as a whole. All begin as SERVING,
   * each on its own: the server as a whole is what is said of it, whatever its services are. A name that no service has is
   * as good as any. Once the server closes, all are NOT_SERVING, whatever is said.
   */
  set(service: string, status: HealthStatus): void;
  /** How it is; undefined for a name that nobody knows. */
  get(service: string): HealthStatus | undefined;
}

/** The statuses of a server's services, and who waits for them to change. */
export class Statuses implements Health {
  readonly #said = new Map<string, HealthStatus>([["", "SERVING"]]);
  readonly #waiting = new Set<() => void>();
  #isDraining = false;

  /** Services that are SERVING unless it was said otherwise. */
  add(services: Iterable<string>): void {
    for (const service of services) {
      if (!this.#said.has(service)) {
        this.set(service, "SERVING");
      }
    }
  }

  set(service: string, status: HealthStatus): void {
    if (status !== "SERVING" && status !== "NOT_SERVING") {
      throw new TypeError(`a service is "SERVING" or "NOT_SERVING", not ${JSON.stringify(status)}`);
    }
    this.#said.set(service, status);
    this.#ring();
  }

  get(service: string): HealthStatus | undefined {
    const status = this.#said.get(service);
    return status !== undefined && this.#isDraining ? "NOT_SERVING" : status;
  }

  names(): Iterable<string> {
    return this.#said.keys();
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  drain(): void {
    this.#isDraining = true;
    this.#ring();
  }

  /** Waits until something has been said of any service. Fails with the signal's reason when it is aborted. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = () => {
        this.#waiting.delete(onChange);
        reject(signal.reason);
      };
      const onChange = () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.add(onChange);
    });
  }

  #ring(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const onChange of waiting) {
      onChange();
    }
  }
}
