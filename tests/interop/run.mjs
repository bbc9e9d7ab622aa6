// npm run test:interop [-- --engine node,direct] [--peer python,go] [--no-report]
//
// Every peer's client against our server and our client against every peer's server, over each of our engines. Writes the
// matrix into docs/reports/interop.md if all peers and engines took part, and then also runs the programs that the docs show.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { maxAgeMs, runAges } from "./ages.mjs";
import { cases } from "./cases.mjs";
import { runPairing } from "./pairing.mjs";
import { ourPeer, peers } from "./peers.mjs";
import { printMatrix, writeMatrix } from "./report.mjs";
import { runSnippets } from "./snippets.mjs";
import { root } from "./toolchains.mjs";

const { values: options } = parseArgs({
  options: {
    engine: { type: "string", multiple: true },
    peer: { type: "string", multiple: true },
    "no-report": { type: "boolean", default: false },
  },
});

/** All that @vyra/ipc may have; a run takes those that it does have. */
const knownEngines = [
  { name: "direct", serves: true },
  { name: "node", serves: true },
  { name: "undici", serves: false },
];

const engines = chosen(options.engine, knownEngines).filter(
  ({ name }) => options.engine !== undefined || isOffered(name),
);
const wanted = chosen(options.peer, peers);
const isWhole = options.engine === undefined && options.peer === undefined;

const startedAt = Date.now();
const prepared = await prepareAll(wanted);
console.log(`toolchains ready after ${seconds()} s`);

const columns = [];
let count = 0;
for (const peer of wanted) {
  await addColumn(
    peer,
    "theirs",
    engines.filter(({ serves }) => serves),
  );
  if (peer.server !== undefined) {
    await addColumn(peer, "ours", engines);
  }
}

printMatrix(columns);
const ages = await runAllAges();
const snippets = isWhole ? await runSnippets() : { passed: 0, problems: [] };
console.log(`${snippets.passed} pairs of programs from the docs ran as they should`);
const problems = [...problemsIn(columns), ...ages.problems, ...snippets.problems];
for (const problem of problems) {
  console.log(problem);
}
const versions = [...new Set(wanted.map((peer) => prepared.get(peer).version).filter(Boolean))];
console.log(`${versions.join("; ")}. Engines: ${engines.map(({ name }) => name).join(", ")}. ${seconds()} s in all.`);

const missing = wanted.filter((peer) => prepared.get(peer).missing !== undefined);
for (const peer of missing) {
  console.log(`missing for ${peer.title}: ${prepared.get(peer).missing}`);
}
if (isWhole && missing.length === 0 && !options["no-report"]) {
  writeMatrix(join(root, "docs/reports/interop.md"), columns, [
    `engines ${engines.map(({ name }) => name).join(", ")}`,
    ...versions,
  ]);
}
const outcomes = columns.flatMap(({ runs }) => runs.flatMap((one) => [...one.outcomes.values()]));
const passed =
  outcomes.filter(({ verdict }) => verdict === "passed" || verdict === "part").length + ages.passed + snippets.passed;
console.log(`${passed} passed, ${problems.length} failed`);
process.exitCode = problems.length > 0 || (missing.length > 0 && process.env.CI === "true") ? 1 : 0;

async function addColumn(peer, caller, someEngines) {
  const tools = prepared.get(peer);
  const runs = [];
  for (const { name: engine } of someEngines) {
    runs.push({ engine, outcomes: await outcomesOf({ peer, tools }, caller, engine) });
  }
  if (runs.length > 0) {
    columns.push({ title: peer.title, caller, runs });
  }
}

/** Our clients while servers end their connections. */
async function runAllAges() {
  const problems = [];
  let passed = 0;
  for (const peer of wanted.filter((one) => one.endsOldConnections && prepared.get(one).missing === undefined)) {
    for (const { name: engine } of engines) {
      const what = `${peer.title} ends connections of ${maxAgeMs} ms (engine ${engine})`;
      const own = await runAges(peer, prepared.get(peer), engine, `vyra_interop_${process.pid}_${count++}`);
      problems.push(...own.map((problem) => `✗ ${what}: ${problem}`));
      passed += own.length === 0 ? 1 : 0;
      console.log(`${what}: ${own.length === 0 ? "ok" : "failed"}, ${seconds()} s`);
    }
  }
  return { passed, problems };
}

async function outcomesOf(theirs, caller, engine) {
  if (theirs.tools.missing !== undefined) {
    return new Map(cases.map(({ name }) => [name, { verdict: "missing" }]));
  }
  const ours = { peer: ourPeer(engine), tools: {} };
  const [server, client] = caller === "theirs" ? [ours, theirs] : [theirs, ours];
  const outcomes = await runPairing(server, client, `vyra_interop_${process.pid}_${count++}`);
  const bad = [...outcomes.values()].filter(({ verdict }) => verdict === "failed").length;
  const summary = bad === 0 ? "ok" : `${bad} failed`;
  console.log(`${client.peer.title} calls ${server.peer.title} (engine ${engine}): ${summary}, ${seconds()} s`);
  return outcomes;
}

function problemsIn(columns) {
  return columns.flatMap(({ title, caller, runs }) => runs.flatMap((run) => problemsOf(run, title, caller)));
}

/** A line for each failure; one for all that failed for the same reason, such as a server that did not start. */
function problemsOf({ engine, outcomes }, title, caller) {
  const who = caller === "theirs" ? `${title} calls us` : `we call ${title}`;
  const namesByNote = new Map();
  for (const [name, { verdict, note }] of outcomes) {
    if (verdict === "failed") {
      namesByNote.set(note, [...(namesByNote.get(note) ?? []), name]);
    }
  }
  return [...namesByNote].map(([note, [first, ...more]]) => {
    const what = more.length === 0 ? first : `${first} and ${more.length} more`;
    return `✗ ${what}, ${who}, engine ${engine}: ${note}`;
  });
}

/** Prepares all toolchains at once; peers of one language share theirs. */
async function prepareAll(some) {
  const byFunction = new Map();
  for (const { prepare } of some) {
    if (!byFunction.has(prepare)) {
      byFunction.set(prepare, prepare());
    }
  }
  const entries = some.map(async (peer) => [peer, await byFunction.get(peer.prepare)]);
  return new Map(await Promise.all(entries));
}

function isOffered(engine) {
  const client = join(root, "tests/dist/interop/vyra/client.js");
  const { status, stderr } = spawnSync(process.execPath, [client, engine, "/tmp/nobody_ipc.sock"], {
    encoding: "utf8",
  });
  if (status !== 0 && !stderr.includes("there is no engine")) {
    throw new Error(`the engine ${engine} does not start:\n${stderr}`);
  }
  return status === 0;
}

function chosen(names, all) {
  if (names === undefined) {
    return all;
  }
  return names
    .flatMap((list) => list.split(","))
    .map((name) => {
      const one = all.find((each) => each.name === name);
      if (one === undefined) {
        throw new Error(`there is no ${name}: choose of ${all.map((each) => each.name).join(", ")}`);
      }
      return one;
    });
}

function seconds() {
  return ((Date.now() - startedAt) / 1000).toFixed(1);
}
