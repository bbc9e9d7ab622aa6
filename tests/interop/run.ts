// npm run test:interop [-- --engine node,direct] [--peer python,go] [--no-report]
//
// Runs every peer's client against our server, and our client against every peer's server, with each of our engines. If
// all peers and engines take part, it writes the matrix into docs/reports/interop.md, and also runs the programs that
// the docs show.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compiled, root } from "../support/folders.js";
import { chosen, seconds } from "../support/runner.js";
import { maxAgeMs, runAges } from "./ages.js";
import { cases } from "./cases.js";
import { type Outcomes, runPairing } from "./pairing.js";
import {
  type EngineName,
  type Missing,
  ourSide,
  type Peer,
  type Programs,
  peers,
  type ServingPrograms,
} from "./peers.js";
import { type Caller, type Column, type EngineRun, printMatrix, writeMatrix } from "./report.js";
import { runSnippets } from "./snippets.js";

const { values: options } = parseArgs({
  options: {
    engine: { type: "string", multiple: true },
    peer: { type: "string", multiple: true },
    "no-report": { type: "boolean", default: false },
  },
});

interface Engine {
  readonly name: EngineName;
  readonly serves: boolean;
}

/** All engines that @vyra/ipc may have. A run takes those that exist. */
const knownEngines: readonly Engine[] = [
  { name: "direct", serves: true },
  { name: "node", serves: true },
  { name: "undici", serves: false },
];

const engines = chosen(options.engine, knownEngines, "name").filter(
  ({ name }) => options.engine !== undefined || isOffered(name),
);
const wanted = chosen(options.peer, peers, "name");
const isWhole = options.engine === undefined && options.peer === undefined;

type Prepared = Awaited<ReturnType<Peer["prepare"]>>;
/** The prepared programs of each selected peer. */
const prepared: readonly (readonly [Peer, Prepared])[] = await Promise.all(
  wanted.map(async (peer) => [peer, await peer.prepare()] as const),
);
console.log(`toolchains ready after ${seconds()} s`);

const columns: Column[] = [];
let count = 0;
for (const [peer, programs] of prepared) {
  for (const caller of peer.serves ? (["theirs", "ours"] as const) : (["theirs"] as const)) {
    const runs: EngineRun[] = [];
    for (const { name: engine } of engines.filter(({ serves }) => serves || caller === "ours")) {
      runs.push({ engine, outcomes: await outcomesOf(peer, programs, caller, engine) });
    }
    if (runs.length > 0) {
      columns.push({ title: peer.title, caller, runs });
    }
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
const versions = [...new Set(prepared.flatMap(([, one]) => ("missing" in one ? [] : [one.version])))];
console.log(`${versions.join("; ")}. Engines: ${engines.map(({ name }) => name).join(", ")}. ${seconds()} s in all.`);

const missing = prepared.flatMap(([{ title }, one]) => ("missing" in one ? [`${title}: ${one.missing}`] : []));
for (const what of missing) {
  console.log(`missing for ${what}`);
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

/** Runs our clients while servers end their connections. */
async function runAllAges(): Promise<{ readonly passed: number; readonly problems: readonly string[] }> {
  const problems: string[] = [];
  let passed = 0;
  for (const [peer, programs] of prepared) {
    if (!peer.endsOldConnections || "missing" in programs) {
      continue;
    }
    for (const { name: engine } of engines) {
      const what = `${peer.title} ends connections of ${maxAgeMs} ms (engine ${engine})`;
      const own = await runAges(serving(programs), engine, nextModule());
      problems.push(...own.map((problem) => `✗ ${what}: ${problem}`));
      passed += own.length === 0 ? 1 : 0;
      console.log(`${what}: ${own.length === 0 ? "ok" : "failed"}, ${seconds()} s`);
    }
  }
  return { passed, problems };
}

async function outcomesOf(
  peer: Peer,
  programs: Missing | Programs,
  caller: Caller,
  engine: EngineName,
): Promise<Outcomes> {
  if ("missing" in programs) {
    return new Map(cases.map(({ name }) => [name, { verdict: "missing" }]));
  }
  const ours = ourSide(engine);
  const [server, client] =
    caller === "theirs" ? [ours, { peer, programs }] : [{ peer, programs: serving(programs) }, ours];
  const outcomes = await runPairing(server, client, nextModule());
  const bad = [...outcomes.values()].filter(({ verdict }) => verdict === "failed").length;
  const summary = bad === 0 ? "ok" : `${bad} failed`;
  console.log(`${client.peer.title} calls ${server.peer.title} (engine ${engine}): ${summary}, ${seconds()} s`);
  return outcomes;
}

function serving(programs: Programs): ServingPrograms {
  const { server } = programs;
  if (server === undefined) {
    throw new Error("this peer has no server");
  }
  return { ...programs, server };
}

/** Returns a module name for each pairing. */
function nextModule(): string {
  return `vyra_interop_${process.pid}_${count++}`;
}

function problemsIn(columns: readonly Column[]): string[] {
  return columns.flatMap(({ title, caller, runs }) => runs.flatMap((run) => problemsOf(run, title, caller)));
}

/**
 * Prints a line for each failure, and a single line for all that failed for the same reason, such as a server that did
 * not start.
 */
function problemsOf({ engine, outcomes }: EngineRun, title: string, caller: Caller): string[] {
  const who = caller === "theirs" ? `${title} calls us` : `we call ${title}`;
  const namesByNote = new Map<string, string[]>();
  for (const [name, outcome] of outcomes) {
    if (outcome.verdict === "failed") {
      namesByNote.set(outcome.note, [...(namesByNote.get(outcome.note) ?? []), name]);
    }
  }
  return [...namesByNote].map(([note, [first, ...more]]) => {
    const what = more.length === 0 ? first : `${first} and ${more.length} more`;
    return `✗ ${what}, ${who}, engine ${engine}: ${note}`;
  });
}

function isOffered(engine: EngineName): boolean {
  const client = compiled("interop/vyra/client.js");
  const { status, stderr } = spawnSync(process.execPath, [client, engine, "/tmp/nobody_ipc.sock"], {
    encoding: "utf8",
  });
  if (status !== 0 && !stderr.includes("there is no engine")) {
    throw new Error(`the engine ${engine} does not start:\n${stderr}`);
  }
  return status === 0;
}
