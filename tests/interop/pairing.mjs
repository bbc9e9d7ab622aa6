// One server, one client, all cases.
import { existsSync, rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { cases, observedCases } from "./cases.mjs";
import { Program } from "./processes.mjs";
import { tap } from "./tap.mjs";

const readyMs = 10_000;
/** How long a client may be silent: no case takes longer. */
const silenceMs = 30_000;
const exitMs = 8_000;

/**
 * What became of a case; `note` says why it is not "passed".
 * @typedef {{ verdict: "passed" | "part" | "impossible" | "failed", note?: string }} Outcome
 */

/**
 * Runs all cases of a client against a server.
 * @returns {Promise<Map<string, Outcome>>} by case
 */
export async function runPairing(server, client, module) {
  const pairing = new Pairing(server, client, `/tmp/${module}_ipc.sock`);
  return await pairing.run();
}

class Pairing {
  #server;
  #client;
  #path;
  #program;
  /** @type {Map<string, Outcome>} */
  #outcomes = new Map();
  #noise = [];
  #endings = [];

  constructor(server, client, path) {
    this.#server = server;
    this.#client = client;
    this.#path = path;
  }

  async run() {
    try {
      await this.#start();
      const runnable = cases.filter(({ name }) => this.#isRunnable(name));
      // Those that the tap listens to come first: the last case of all stops the server.
      for (const { name, flags } of runnable.filter((one) => one.flags !== undefined)) {
        await this.#runTapped(name, flags);
      }
      await this.#runAll(runnable.filter((one) => one.flags === undefined).map(({ name }) => name));
      await this.#stop();
    } catch (error) {
      for (const { name } of cases.filter(({ name }) => !this.#outcomes.has(name))) {
        this.#outcomes.set(name, failed(error.message));
      }
      this.#program?.kill("SIGKILL");
    }
    this.#observe();
    for (const leftover of [this.#path, `${this.#path}.lock`]) {
      rmSync(leftover, { force: true });
    }
    return this.#outcomes;
  }

  #isRunnable(name) {
    if (observedCases.includes(name)) {
      return false;
    }
    const reason = this.#client.peer.clientCannot?.[name] ?? this.#server.peer.serverCannot?.[name];
    if (reason !== undefined) {
      this.#outcomes.set(name, { verdict: "impossible", note: reason });
    }
    return reason === undefined;
  }

  async #start() {
    const { peer, tools } = this.#server;
    let isReady = false;
    this.#program = new Program(peer.server(tools, this.#path), {
      env: peer.env?.(tools),
      onLine: (line) => {
        isReady ||= line === "ready";
      },
    });
    for (const giveUpAt = Date.now() + readyMs; !isReady; await delay(10)) {
      if (Date.now() > giveUpAt || (await this.#program.endsWithin(0))) {
        throw new Error(`the server did not start: ${this.#program.stderr}`);
      }
    }
  }

  async #stop() {
    this.#program.kill("SIGTERM");
    const isEnded = await this.#program.endsWithin(exitMs);
    if (!isEnded) {
      this.#program.kill("SIGKILL");
    }
    if (this.#server.peer.isOurs) {
      this.#noise.push(this.#program.stderr);
      this.#endings.push(isEnded ? "" : `the server did not end within ${exitMs} ms of SIGTERM`);
      const left = [this.#path, `${this.#path}.lock`].filter((path) => existsSync(path));
      this.#endings.push(left.length === 0 ? "" : `the server left ${left.join(" and ")}`);
    }
  }

  async #kill() {
    if (this.#server.peer.isOurs) {
      this.#noise.push(this.#program.stderr);
    }
    this.#program.kill("SIGKILL");
    await this.#program.ended;
  }

  async #runTapped(name, flags) {
    const isProbing = !name.startsWith("client_") || !this.#server.peer.cannotSeeCompression;
    const path = this.#path.replace("_ipc.sock", "_tap_ipc.sock");
    const { calls, close } = await tap(path, this.#path);
    await this.#runClient(path, [{ name, as: isProbing ? name : `${name}_noprobe` }]);
    close();
    if (this.#outcomes.get(name).verdict !== "passed") {
      return;
    }
    const seen = flags(calls, isProbing);
    if (seen === "wrong") {
      this.#outcomes.set(name, failed(`the wire shows other compressed flags: ${JSON.stringify(calls)}`));
    } else if (seen === "call") {
      const who = name.startsWith("client_") ? "client" : "server";
      this.#outcomes.set(name, { verdict: "part", note: `the ${who} compresses all messages of a call or none` });
    } else if (!isProbing) {
      const note = "the server cannot tell an uncompressed request, so it is not sent one that it should refuse";
      this.#outcomes.set(name, { verdict: "part", note });
    }
  }

  async #runAll(names) {
    await this.#runClient(
      this.#path,
      names.map((name) => ({ name, as: name })),
    );
  }

  /** Runs cases in one process; in a new one if that dies or falls silent. */
  async #runClient(path, wanted) {
    let rest = wanted;
    while (rest.length > 0) {
      const done = await this.#runProcess(path, rest);
      rest = rest.slice(done);
    }
  }

  /** @returns how many cases have an outcome now */
  async #runProcess(path, wanted) {
    const { peer, tools } = this.#client;
    const command = peer.client(
      tools,
      path,
      wanted.map(({ as }) => as),
    );
    let done = 0;
    let isSilent = false;
    let timer = setTimeout(() => {}, 0);
    const program = new Program(command, {
      env: peer.env?.(tools),
      onLine: (line) => {
        timer.refresh();
        const [word, , ...reason] = line.split(" ");
        if (word === "PASS" || word === "FAIL") {
          this.#outcomes.set(wanted[done++].name, word === "PASS" ? { verdict: "passed" } : failed(reason.join(" ")));
        } else if (word === "ASK") {
          const work = line === "ASK stop" ? this.#kill() : this.#start();
          work.catch((error) => this.#endings.push(error.message)).then(() => program.writeLine("done"));
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
      this.#outcomes.set(wanted[done++].name, failed(reason));
    } else if (isSilent && peer.isOurs) {
      this.#endings.push("the client did not end by itself");
    }
    return done;
  }

  /** The cases that no client runs. */
  #observe() {
    const [ending] = this.#endings.filter((text) => text !== "");
    const [noise] = this.#noise.filter((text) => text !== "");
    for (const [name, reason] of [
      ["clean_exit", ending],
      ["quiet", noise],
    ]) {
      if (!this.#outcomes.has(name)) {
        this.#outcomes.set(name, reason === undefined ? { verdict: "passed" } : failed(reason));
      }
    }
  }
}

/** What a program that died had to say: its error if it named one, or its last line. */
function lastWords(stderr) {
  const lines = stderr.split("\n");
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1);
}

function failed(note) {
  return { verdict: "failed", note };
}
