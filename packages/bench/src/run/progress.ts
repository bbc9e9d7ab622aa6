const barWidth = 30;

/** Shows the progress of a run and the time left, in a line that changes on a terminal. Elsewhere nothing is shown. */
export class Progress {
  readonly #startedAt = performance.now();
  readonly #stream = process.stderr;
  #done = 0;

  constructor(private readonly total: number) {}

  step(what: string): void {
    this.#done++;
    if (!this.#stream.isTTY) {
      return;
    }
    const part = this.#done / this.total;
    const full = Math.round(part * barWidth);
    const bar = "█".repeat(full) + "░".repeat(barWidth - full);
    const leftMs = (performance.now() - this.#startedAt) * (1 / part - 1);
    const line = `${bar} ${Math.floor(part * 100)} %, ${clock(leftMs)} left  ${what}`;
    this.#stream.write(`\r\x1b[K${line.slice(0, (this.#stream.columns ?? 80) - 1)}`);
  }

  /** Removes the line, before other output. */
  clear(): void {
    if (this.#stream.isTTY) {
      this.#stream.write("\r\x1b[K");
    }
  }
}

export function clock(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
