// Builds h2spec and its counterpart for clients, h2specd, at the version that go/go.mod says, and runs them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, suiteFolder } from "../support/folders.js";
import { type Command, Program, run } from "../support/programs.js";
import { goEnv, goVersionHere, once } from "../support/toolchains.js";

const folder = join(suiteFolder("h2spec"), "go");
const bin = cacheFolder("h2spec");
const module = readFileSync(join(folder, "go.mod"), "utf8");

export const version = /summerwind\/h2spec (v\S+)/.exec(module)?.[1];

/**
 * The first port of h2specd, which listens at as many consecutive ports as it has cases. They are below those that
 * operating systems assign themselves.
 */
const firstPorts = { from: 20_000, to: 30_000 };
const triesForPorts = 5;

export async function prepare(): Promise<void> {
  if (goVersionHere() === undefined) {
    throw new Error("h2spec is written in Go: install Go 1.26 or newer");
  }
  await once(join(bin, "h2spec.stamp"), [module], () =>
    run("go", ["install", "tool"], { cwd: folder, env: { ...goEnv, GOBIN: bin } }),
  );
}

/**
 * The result of a run: the number of cases that passed, and the names of those that failed. The output has the details.
 */
export interface Outcome {
  readonly passed: number;
  readonly failures: readonly string[];
  readonly summary: string;
  readonly output: string;
}

/** Runs all cases against the HTTP/2 server at the port, including the `strict` ones. */
export function testServer(port: number, { strict }: { readonly strict: boolean }): Promise<Outcome> {
  return outcomeOf("h2spec", ["--host", "127.0.0.1", "--port", `${port}`, ...(strict ? ["--strict"] : [])]);
}

/** Runs all cases against an HTTP/2 client: `command`, with a URL appended. */
export async function testClient(command: Command): Promise<Outcome> {
  for (let tries = 1; ; tries++) {
    const port = firstPorts.from + Math.floor(Math.random() * (firstPorts.to - firstPorts.from));
    const outcome = await outcomeOf("h2specd", ["--exec", command.join(" "), "--from-port", `${port}`]);
    if (tries === triesForPorts || !outcome.output.includes("address already in use")) {
      return outcome;
    }
  }
}

async function outcomeOf(name: string, args: readonly string[]): Promise<Outcome> {
  const lines: string[] = [];
  const program = new Program([join(bin, name), ...args], {
    // After h2specd has closed its listeners, it still complains that it cannot accept connections.
    onLine: (line) => line.includes("use of closed network connection") || lines.push(line),
  });
  const { code } = await program.ended;
  const output = [...lines, program.stderr].join("\n").trim();
  const [summary, passed] = /^\d+ tests, (\d+) passed, \d+ skipped, \d+ failed$/m.exec(output) ?? [];
  const failures = new Set([...output.matchAll(/^ *× \d+: (.*)$/gm)].map(([, title = ""]) => title));
  return {
    passed: Number(passed ?? 0),
    failures: [...failures],
    summary: summary ?? `${name} ended with ${code} and no summary`,
    output,
  };
}
