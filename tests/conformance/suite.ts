// Installs the Connect project's conformance suite, and compiles the programs that it tests, from its protos and our
// sources.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, compiled, root, suiteFolder } from "../support/folders.js";
import { Program, run } from "../support/programs.js";
import { goEnv, goVersionHere } from "../support/toolchains.js";

const here = suiteFolder("conformance");

const module = "connectrpc.com/conformance";
export const version = "v1.0.5";

const cache = join(cacheFolder("conformance"), version);
const runner = join(cache, "connectconformance");

/** Installs the runner if it is missing, and compiles our programs. */
export async function prepare(): Promise<void> {
  if (goVersionHere() === undefined) {
    throw new Error("the runner is written in Go: install Go 1.24 or newer");
  }
  if (!existsSync(runner)) {
    console.log(`installing connectconformance ${version}`);
    await run("go", ["install", `${module}/cmd/connectconformance@${version}`], { env: { ...goEnv, GOBIN: cache } });
  }
  const { Dir: source } = JSON.parse(
    await run("go", ["mod", "download", "-json", `${module}@${version}`], { env: goEnv }),
  );
  const template = join(here, "buf.gen.yaml");
  await run("npx", ["buf", "generate", join(source, "proto"), "--template", template], { cwd: root });
  await run("npx", ["tsc", "-b", join(here, "peer")], { cwd: root });
}

/** The number of cases, and how many of them passed. */
export interface Counts {
  readonly cases: number;
  readonly passed: number;
}

export interface SuiteOptions {
  readonly mode: string;
  readonly config: string;
  /** The engine of the client under test, if there is one. */
  readonly client: string | undefined;
  /** The engine of the server under test, if there is one. */
  readonly server: string | undefined;
  /** Whether each side has an interceptor. */
  readonly isIntercepted: boolean;
  /** Further arguments of the runner. */
  readonly more: readonly string[];
}

/** Runs the suite in one of its modes. */
export async function runSuite(options: SuiteOptions): Promise<Counts & { readonly output: string }> {
  const { mode, config, client, server, isIntercepted, more } = options;
  const commands = Object.entries({ client, server })
    .filter(([, engine]) => engine !== undefined)
    .map(([side, engine = ""]) => [process.execPath, compiled(`conformance/peer/${side}.js`), engine])
    .map((command) => (isIntercepted ? [...command, "intercepted"] : command));
  const lines: string[] = [];
  const program = new Program(
    [
      runner,
      ...["--mode", mode, "--conf", join(here, config), ...more, "--"],
      ...commands.flatMap((command, i) => (i === 0 ? command : ["----", ...command])),
    ],
    { onLine: (line) => lines.push(line) },
  );
  const { code } = await program.ended;
  const output = [...lines, program.stderr].join("\n").trim();
  const cases = countIn(output, /^Total cases: (\d+)$/m);
  const passed = countIn(output, /^(\d+) passed, \d+ failed$/m);
  if (cases === 0 || (code !== 0 && passed === cases)) {
    throw new Error(`connectconformance failed (${code}):\n${output}`);
  }
  return { cases, passed, output };
}

function countIn(output: string, pattern: RegExp): number {
  return Number(pattern.exec(output)?.[1] ?? 0);
}
