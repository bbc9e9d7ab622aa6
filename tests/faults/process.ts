import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Answer, Order, ServeOrder } from "./protocol.js";

const script = fileURLToPath(new URL("child.js", import.meta.url));

/** How long a process may take to obey a command, in milliseconds; long, since the machine may be busy. */
const patienceMs = 60_000;

type Did = Answer["did"];
type AnswerOf<D extends Did> = Extract<Answer, { did: D }>;

/** A process under test, and the messages that it has sent. */
export class Process {
  readonly complaints: string[] = [];
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  readonly #answers: Answer[] = [];
  #wake = () => {};
  #hasExited = false;

  /**
   * @param before a command to run it with, such as `unshare`
   * @param flags Node's own flags
   */
  constructor({ before = [], flags = [] }: { before?: string[]; flags?: string[] } = {}) {
    const [command = "", ...args] = [...before, process.execPath, ...flags, script];
    this.#child = spawn(command, args, { stdio: ["ignore", "ignore", "ignore", "ipc"] });
    running.add(this);
    this.#child.on("message", (answer: Answer) => {
      if (answer.did === "complained") {
        this.complaints.push(answer.message);
      }
      this.#answers.push(answer);
      this.#wake();
    });
    this.exited = new Promise((resolve) => {
      this.#child.once("close", () => {
        this.#hasExited = true;
        running.delete(this);
        this.#wake();
        resolve();
      });
    });
    this.#child.on("error", () => {});
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return !this.#hasExited;
  }

  tell(order: Order): void {
    this.#child.send(order, () => {});
  }

  /** Waits for the next message of one of these kinds, and drops those before it. */
  async answer<D extends Did>(...kinds: D[]): Promise<AnswerOf<D>> {
    const giveUpAt = performance.now() + patienceMs;
    for (;;) {
      for (let answer = this.#answers.shift(); answer !== undefined; answer = this.#answers.shift()) {
        if ((kinds as Did[]).includes(answer.did)) {
          return answer as AnswerOf<D>;
        }
      }
      if (this.#hasExited) {
        throw new Error(`process ${this.pid} ended before it was ${kinds.join(" or ")}`);
      }
      const leftMs = giveUpAt - performance.now();
      if (leftMs < 0) {
        throw new Error(`process ${this.pid} was not ${kinds.join(" or ")} within ${patienceMs} ms`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Tells it to serve. @returns the outcome */
  async trySocket(order: Omit<ServeOrder, "do">): Promise<AnswerOf<"serving" | "failed">> {
    this.tell({ do: "serve", ...order });
    return this.answer("serving", "failed");
  }

  /** Makes it serve. @throws if it cannot */
  async serve(order: Omit<ServeOrder, "do">): Promise<this> {
    const answer = await this.trySocket(order);
    if (answer.did === "failed") {
      throw new Error(`the server did not start: ${answer.name}: ${answer.message}`);
    }
    return this;
  }

  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(name);
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.exited;
  }
}

const running = new Set<Process>();

/** Ends all processes that are still running. */
export async function endAll(): Promise<void> {
  await Promise.all([...running].map((process) => process.kill()));
}
