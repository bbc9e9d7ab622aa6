// npm run test:conformance [-- OPTIONS]
//   --engine node,direct --mode client,server --run 'Basic/**' --trace --intercepted --no-report
//
// Runs the Connect project's conformance suite against our client, our server and both, for each of our engines. Writes
// the counts into docs/reports/conformance.md if all engines and modes took part.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createIpcTransport } from "@vyra/ipc";
import { root } from "../support/folders.js";
import { chosen, finish, seconds } from "../support/runner.js";
import { type Row, writeReport } from "./report.js";
import { type Counts, prepare, runSuite, version } from "./suite.js";

const { values: options } = parseArgs({
  options: {
    engine: { type: "string", multiple: true },
    mode: { type: "string", multiple: true },
    run: { type: "string", multiple: true },
    trace: { type: "boolean", default: false },
    intercepted: { type: "boolean", default: false },
    "no-report": { type: "boolean", default: false },
  },
});

interface Engine {
  readonly name: "direct" | "node" | "undici";
  /** Whether the engine has a server. If not, its client is tested with a server of the engine node. */
  readonly serves: boolean;
}

/** All features that @vyra/ipc may have. */
const knownEngines: readonly Engine[] = [
  { name: "direct", serves: true },
  { name: "node", serves: true },
  { name: "undici", serves: false },
];

interface Part {
  readonly mode: "client" | "server" | "both";
  readonly title: string;
  readonly config: string;
}

const parts: readonly Part[] = [
  { mode: "client", title: "client", config: "grpc.yaml" },
  { mode: "server", title: "server", config: "grpc.yaml" },
  { mode: "both", title: "both", config: "grpc.yaml" },
  { mode: "server", title: "server, Connect and gRPC-Web", config: "connect-and-grpc-web.yaml" },
];

const offered = knownEngines.filter(({ name }) => isOffered(name));
const engines = chosen(options.engine, offered, "name");
const wanted = chosen(options.mode, parts, "mode");
const isWhole = [options.engine, options.mode, options.run].every((list) => list === undefined) && !options.intercepted;

await prepare();
console.log(`connectconformance ${version} and our programs are ready after ${seconds()} s`);

const rows: Row[] = [];
for (const engine of engines) {
  const counts = new Map<string, Counts>();
  for (const part of wanted.filter(({ mode }) => mode !== "server" || engine.serves)) {
    counts.set(part.title, await runPart(engine, part));
  }
  rows.push({ engine: engine.name, counts });
}

if (isWhole && !options["no-report"]) {
  const titles = parts.map(({ title }) => title);
  writeReport(join(root, "docs/reports/conformance.md"), titles, rows, version);
}
const all = rows.flatMap(({ counts }) => [...counts.values()]);
const passed = sum(all.map((counts) => counts.passed));
finish(passed, sum(all.map((counts) => counts.cases)) - passed);

async function runPart({ name, serves }: Engine, { mode, title, config }: Part): Promise<Counts> {
  const filters = (options.run ?? []).flatMap((pattern) => ["--run", pattern]);
  const { cases, passed, output } = await runSuite({
    mode,
    config,
    client: mode === "server" ? undefined : name,
    server: mode === "client" ? undefined : serves ? name : "node",
    isIntercepted: options.intercepted,
    more: [...filters, ...(options.trace ? ["--trace"] : [])],
  });
  console.log(`engine ${name}, ${title}: ${passed} of ${cases} passed, ${seconds()} s`);
  if (passed < cases) {
    console.log(output);
  }
  return { cases, passed };
}

function isOffered(engine: Engine["name"]): boolean {
  try {
    createIpcTransport({ socket: "nobody", engine });
    return true;
  } catch (error) {
    if (String(error).includes("there is no engine")) {
      return false;
    }
    throw error;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
