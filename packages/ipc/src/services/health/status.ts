/** The health of a service, with the names of `grpc.health.v1`. */
export type HealthStatus = "SERVING" | "NOT_SERVING";

/** The health of a server's services: what its code has set, until the server closes. */
export interface Health {
  /**
   * Sets the health of a service by its full name, `package.Service`; the empty name stands for the server as a whole.
   * All begin as SERVING and are independent: the server as a whole has what was set for it, whatever its services
   * have. Names of services that the server does not have are allowed. Once the server closes, all are NOT_SERVING,
   * whatever is set.
   *
   * @throws {TypeError} for an unknown status.
   */
  set(service: string, status: HealthStatus): void;
  /** Returns the health of a service; undefined for an unknown name. */
  get(service: string): HealthStatus | undefined;
}

/** The statuses of a server's services, and the streams that wait for them to change. */
export class Statuses implements Health {
  readonly #said = new Map<string, HealthStatus>([["", "SERVING"]]);
  readonly #waiting = new Set<() => void>();
  #isDraining = false;

  /** Adds services, which are SERVING unless another status was set. */
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

  /** Waits until any status has been set, or rejects with the signal's reason when it is aborted. */
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
