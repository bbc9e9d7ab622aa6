// Gets the Connect project's conformance suite, and makes of its protos and our sources the programs that it tests.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ask, Program, run } from "../interop/processes.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const here = fileURLToPath(new URL(".", import.meta.url));

const module = "connectrpc.com/conformance";
export const version = "v1.0.5";
/** GOTOOLCHAIN=local keeps Go from fetching another Go. */
const goEnv = { GOTOOLCHAIN: "local" };

const cache = join(root, ".cache/conformance", version);
const runner = join(cache, "connectconformance");

/** Installs the runner where it is missing, and compiles our programs. */
export async function prepare() {
  if (ask("go", ["version"], goEnv) === undefined) {
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

/**
 * @typedef {object} Counts
 * @property {number} cases how many there were
 * @property {number} passed
 */

/**
 * Runs the suite in one of its modes.
 * @param {{ mode: string, config: string, client?: string, server?: string, isIntercepted?: boolean, more?: string[] }} options
 *   `client` and `server` are the engines of the sides under test, `isIntercepted` whether they have an interceptor each,
 *   `more` further arguments of the runner
 * @returns {Promise<Counts & { output: string }>}
 */
export async function runSuite({ mode, config, client, server, isIntercepted = false, more = [] }) {
  const commands = [client && ["client.js", client], server && ["server.js", server]]
    .filter(Boolean)
    .map(([path, engine]) => [
      process.execPath,
      join(root, "tests/dist/conformance/peer", path),
      engine,
      ...(isIntercepted ? ["intercepted"] : []),
    ]);
  const lines = [];
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

function countIn(output, pattern) {
  return Number(pattern.exec(output)?.[1] ?? 0);
}
