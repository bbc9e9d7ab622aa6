// Runs all cases with one server and one client.
import { existsSync, rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Program } from "../support/programs.js";
import { messageOf } from "../support/runner.js";
import { type CompressionCheck, cases, observedCases } from "./cases.js";
import type { ServingPrograms, Side } from "./peers.js";
import { tap } from "./tap.js";

const readyMs = 10_000;
/** How long a client may be silent, in milliseconds. No case takes longer. */
const silenceMs = 30_000;
const exitMs = 8_000;

/** The outcome of a case. If it is not "passed", `note` gives the reason. */
export type Outcome =
  | { readonly verdict: "passed" | "missing" }
  | { readonly verdict: "part" | "impossible" | "failed"; readonly note: string };

/** The outcomes of a pairing, by case. */
export type Outcomes = ReadonlyMap<string, Outcome>;

/** Runs all cases of a client against a server. */
export async function runPairing(server: Side<ServingPrograms>, client: Side, module: string): Promise<Outcomes> {
  const pairing = new Pairing(server, client, `/tmp/${module}_ipc.sock`);
  return await pairing.run();
}

/** A case, and the name under which the client knows it. */
interface Wanted {
  readonly name: string;
  readonly as: string;
}

class Pairing {
  readonly #server: Side<ServingPrograms>;
  readonly #client: Side;
  readonly #path: string;
  readonly #outcomes = new Map<string, Outcome>();
  readonly #noise: string[] = [];
  readonly #endings: string[] = [];
  #program: Program | undefined;

  constructor(server: Side<ServingPrograms>, client: Side, path: string) {
    this.#server = server;
    this.#client = client;
    this.#path = path;
  }

  async run(): Promise<Outcomes> {
    try {
      await this.#start();
      const runnable = cases.filter(({ name }) => this.#isRunnable(name));
      // The cases that need the tap come first, because the last case stops the server.
      for (const { name, flags } of runnable) {
        if (flags !== undefined) {
          await this.#runTapped(name, flags);
        }
      }
      await this.#runAll(runnable.filter((one) => one.flags === undefined).map(({ name }) => name));
      await this.#stop();
    } catch (error) {
      for (const { name } of cases.filter(({ name }) => !this.#outcomes.has(name))) {
        this.#outcomes.set(name, failed(messageOf(error)));
      }
      this.#program?.kill("SIGKILL");
    }
    this.#observe();
    for (const leftover of [this.#path, `${this.#path}.lock`]) {
      rmSync(leftover, { force: true });
    }
    return this.#outcomes;
  }

  #isRunnable(name: string): boolean {
    if (observedCases.includes(name)) {
      return false;
    }
    const reason = this.#client.peer.clientCannot?.[name] ?? this.#server.peer.serverCannot?.[name];
    if (reason !== undefined) {
      this.#outcomes.set(name, { verdict: "impossible", note: reason });
    }
    return reason === undefined;
  }

  async #start(): Promise<void> {
    const { env, server } = this.#server.programs;
    let isReady = false;
    const program = new Program(server(this.#path), {
      env,
      onLine: (line) => {
        isReady ||= line === "ready";
      },
    });
    this.#program = program;
    for (const giveUpAt = Date.now() + readyMs; !isReady; await delay(10)) {
      if (Date.now() > giveUpAt || (await program.endsWithin(0))) {
        throw new Error(`the server did not start: ${program.stderr}`);
      }
    }
  }

  async #stop(): Promise<void> {
    const program = this.#running();
    program.kill("SIGTERM");
    const isEnded = await program.endsWithin(exitMs);
    if (!isEnded) {
      program.kill("SIGKILL");
    }
    if (this.#server.peer.isOurs) {
      this.#noise.push(program.stderr);
      this.#endings.push(isEnded ? "" : `the server did not end within ${exitMs} ms of SIGTERM`);
      const left = [this.#path, `${this.#path}.lock`].filter((path) => existsSync(path));
      this.#endings.push(left.length === 0 ? "" : `the server left ${left.join(" and ")}`);
    }
  }

  async #kill(): Promise<void> {
    const program = this.#running();
    if (this.#server.peer.isOurs) {
      this.#noise.push(program.stderr);
    }
    program.kill("SIGKILL");
    await program.ended;
  }

  #running(): Program {
    if (this.#program === undefined) {
      throw new Error("the server has not been started");
    }
    return this.#program;
  }

  async #runTapped(name: string, flags: CompressionCheck): Promise<void> {
    const isProbing = !name.startsWith("client_") || !this.#server.peer.cannotSeeCompression;
    const path = this.#path.replace("_ipc.sock", "_tap_ipc.sock");
    const { calls, close } = await tap(path, this.#path);
    await this.#runClient(path, [{ name, as: isProbing ? name : `${name}_noprobe` }]);
    close();
    if (this.#outcomes.get(name)?.verdict !== "passed") {
      return;
    }
    const seen = flags(calls, isProbing);
    if (seen === "wrong") {
      this.#outcomes.set(name, failed(`the wire shows other compressed flags: ${JSON.stringify(calls)}`));
    } else if (seen === "call") {
      const who = name.startsWith("client_") ? "client" : "server";
      this.#outcomes.set(name, {
        verdict: "part",
        note: `the ${who} compresses either all messages of a call or none`,
      });
    } else if (!isProbing) {
      const note = "the server cannot detect an uncompressed request, so the case sends none that it should refuse";
      this.#outcomes.set(name, { verdict: "part", note });
    }
  }

  async #runAll(names: readonly string[]): Promise<void> {
    await this.#runClient(
      this.#path,
      names.map((name) => ({ name, as: name })),
    );
  }

  /** Runs cases in one process, and in a new one if it ends early or falls silent. */
  async #runClient(path: string, wanted: readonly Wanted[]): Promise<void> {
    let rest = wanted;
    while (rest.length > 0) {
      const done = await this.#runProcess(path, rest);
      rest = rest.slice(done);
    }
  }

  /** @returns how many cases have an outcome now */
  async #runProcess(path: string, wanted: readonly Wanted[]): Promise<number> {
    const { peer, programs } = this.#client;
    const command = programs.client(
      path,
      wanted.map(({ as }) => as),
    );
    let done = 0;
    let isSilent = false;
    const note = (outcome: Outcome) => {
      const one = wanted[done];
      if (one !== undefined) {
        this.#outcomes.set(one.name, outcome);
        done++;
      }
    };
    let timer = setTimeout(() => {}, 0);
    const program = new Program(command, {
      env: programs.env,
      onLine: (line) => {
        timer.refresh();
        const [word, , ...reason] = line.split(" ");
        if (word === "PASS" || word === "FAIL") {
          note(word === "PASS" ? { verdict: "passed" } : failed(reason.join(" ")));
        } else if (word === "ASK") {
          const work = line === "ASK stop" ? this.#kill() : this.#start();
          work.catch((error) => this.#endings.push(messageOf(error))).then(() => program.writeLine("done"));
        }
      },
    });
    timer = setTimeout(() => {
      isSilent = true;
      program.kill("SIGKILL");
    }, silenceMs);
    const { code } = await program.ended;
    clearTimeout(timer);
    if (peer.isOurs) {
      this.#noise.push(program.stderr);
    }
    if (done < wanted.length) {
      const reason = isSilent
        ? `nothing happened for ${silenceMs} ms`
        : `the client ended (${code}): ${lastWords(program.stderr)}`;
      note(failed(reason));
    } else if (isSilent && peer.isOurs) {
      this.#endings.push("the client did not end by itself");
    }
    return done;
  }

  /** The cases that no client runs. */
  #observe(): void {
    const [ending] = this.#endings.filter((text) => text !== "");
    const [noise] = this.#noise.filter((text) => text !== "");
    for (const [name, reason] of [
      ["clean_exit", ending],
      ["quiet", noise],
    ] as const) {
      if (!this.#outcomes.has(name)) {
        this.#outcomes.set(name, reason === undefined ? { verdict: "passed" } : failed(reason));
      }
    }
  }
}

/** Returns why a program ended: the error that it printed, or its last line. */
function lastWords(stderr: string): string | undefined {
  const lines = stderr.split("\n");
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1);
}

function failed(note: string): Outcome {
  return { verdict: "failed", note };
}
