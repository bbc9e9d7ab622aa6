// npm run test:conformance [-- --engine node,direct] [--mode client,server] [--run 'Basic/**'] [--trace] [--intercepted]
//   [--no-report]
//
// The Connect project's conformance suite against our client, our server and both, over each of our engines. Writes the
// counts into docs/reports/conformance.md if all engines and modes took part.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createIpcTransport } from "@vyra/ipc";
import { writeReport } from "./report.mjs";
import { prepare, runSuite, version } from "./suite.mjs";

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

/** All that @vyra/ipc may have, and what serves on the other side of one that only calls. */
const knownEngines = [
  { name: "direct", client: "direct", server: "direct" },
  { name: "node", client: "node", server: "node" },
  { name: "undici", client: "undici", peer: "node" },
];

const parts = [
  { mode: "client", title: "client", config: "grpc.yaml" },
  { mode: "server", title: "server", config: "grpc.yaml" },
  { mode: "both", title: "both", config: "grpc.yaml" },
  { mode: "server", title: "server, Connect and gRPC-Web", config: "connect-and-grpc-web.yaml" },
];

const offered = knownEngines.filter(({ name }) => isOffered(name));
const engines = chosen(options.engine, offered, "name");
const wanted = chosen(options.mode, parts, "mode");
const isWhole = [options.engine, options.mode, options.run].every((list) => list === undefined) && !options.intercepted;

const startedAt = Date.now();
await prepare();
console.log(`connectconformance ${version} and our programs are ready after ${seconds()} s`);

const rows = [];
for (const engine of engines) {
  const row = { engine: engine.name, counts: new Map() };
  for (const part of wanted.filter(({ mode }) => mode !== "server" || engine.server !== undefined)) {
    row.counts.set(part.title, await runPart(engine, part));
  }
  rows.push(row);
}

if (isWhole && !options["no-report"]) {
  const path = join(fileURLToPath(new URL("../../docs/reports", import.meta.url)), "conformance.md");
  const titles = parts.map(({ title }) => title);
  writeReport(path, titles, rows, version);
}
const all = rows.flatMap(({ counts }) => [...counts.values()]);
const passed = sum(all.map((counts) => counts.passed));
const failed = sum(all.map((counts) => counts.cases)) - passed;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

async function runPart({ name, client, server, peer }, { mode, title, config }) {
  const filters = (options.run ?? []).flatMap((pattern) => ["--run", pattern]);
  const { cases, passed, output } = await runSuite({
    mode,
    config,
    ...(mode !== "server" && { client }),
    ...(mode !== "client" && { server: server ?? peer }),
    isIntercepted: options.intercepted,
    more: [...filters, ...(options.trace ? ["--trace"] : [])],
  });
  console.log(`engine ${name}, ${title}: ${passed} of ${cases} passed, ${seconds()} s`);
  if (passed < cases) {
    console.log(output);
  }
  return { cases, passed };
}

function isOffered(engine) {
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

function chosen(names, all, key) {
  if (names === undefined) {
    return all;
  }
  return names
    .flatMap((list) => list.split(","))
    .flatMap((name) => {
      const some = all.filter((one) => one[key] === name);
      if (some.length === 0) {
        throw new Error(`there is no ${name}: choose of ${[...new Set(all.map((one) => one[key]))].join(", ")}`);
      }
      return some;
    });
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

function seconds() {
  return ((Date.now() - startedAt) / 1000).toFixed(1);
}
