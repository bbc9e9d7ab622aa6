// npm run test:fuzz [-- --seconds 60] [--seed N] [--kind server,client,grpc-server,grpc-client] [--replay FILE]
//
// Sends mutated recordings of correct conversations to both roles of @vyra/http2, and to the direct engine of @vyra/ipc
// on top of it. None of them may crash or hang the program, make it grow, make it break a promise to its callers or to
// the peer, or keep correct peers from being served. A case that fails is written to a file, which --replay runs again.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { cacheFolder, root } from "../support/folders.js";
import { kinds as allKinds, type Kind } from "./case.js";
import { runWorker } from "./worker-process.js";

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string" },
    kind: { type: "string", multiple: true },
    replay: { type: "string" },
  },
});
/** The number of similar failures that are kept, and the number of all failures after which the run stops. */
const mostAlike = 2;
const mostFailures = 50;

const failuresFolder = cacheFolder("fuzz");
const scratch = mkdtempSync(join(tmpdir(), "vyra-fuzz-run-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

let failures = 0;
const alike = new Map<string, number>();
if (options.replay !== undefined) {
  await replay(options.replay);
} else {
  await fuzz();
}
process.exitCode = failures > 0 ? 1 : 0;

async function replay(path: string): Promise<void> {
  const one = { kinds: [], seed: 0, seconds: 0, replay: path, current: join(scratch, "current") };
  const found = await runWorker(one, (message) => {
    if (message.type === "problem") {
      failures++;
      console.log(message.problem);
    }
    return true;
  });
  failures += found === undefined ? 0 : 1;
  console.log(found ?? (failures === 0 ? "nothing went wrong" : ""));
}

async function fuzz(): Promise<void> {
  const seconds = Number(options.seconds);
  const seed = options.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(options.seed);
  const named = options.kind?.flatMap((list) => list.split(",")) ?? allKinds;
  const kinds = allKinds.filter((kind) => named.includes(kind));
  if (!(seconds > 0) || !Number.isSafeInteger(seed) || kinds.length < new Set(named).size) {
    throw new Error(
      "usage: npm run test:fuzz -- [--seconds 60] [--seed N] [--kind server,client,grpc-server,grpc-client]",
    );
  }
  console.log(`seed ${seed}, ${seconds} s`);
  // Each layer has its own process, since most machines have at least two cores.
  const layers = [kinds.filter((kind) => !kind.startsWith("grpc")), kinds.filter((kind) => kind.startsWith("grpc"))];
  const counts = new Map<Kind, number>();
  let rssMiB = 0;
  await Promise.all(layers.filter((layer) => layer.length > 0).map((layer) => fuzzLayer(layer)));
  const cases = [...counts.values()].reduce((sum, count) => sum + count, 0);
  for (const [kind, count] of counts) {
    console.log(`${kind}: ${count} cases`);
  }
  console.log(`at most ${rssMiB} MiB in one process`);
  for (const [likeness, count] of alike) {
    console.log(`✗ ${count} times: ${likeness.split("\n")[0]}`);
  }
  console.log(`${Math.max(0, cases - failures)} passed, ${failures} failed`);
  if (cases === 0) {
    failures++;
  }

  async function fuzzLayer(layer: readonly Kind[]): Promise<void> {
    const endsAt = Date.now() + seconds * 1_000;
    for (let round = 0; Date.now() < endsAt && failures < mostFailures; round++) {
      const current = join(scratch, `${layer[0]}-${round}.json`);
      const left = (endsAt - Date.now()) / 1_000;
      const death = await runWorker({ kinds: layer, seed: seed + round, seconds: left, current }, (message) => {
        if (message.type === "batch") {
          counts.set(message.kind, (counts.get(message.kind) ?? 0) + message.cases);
          rssMiB = Math.max(rssMiB, message.rssMiB);
          return true;
        }
        keep(message.problem, message.text);
        return failures < mostFailures;
      });
      if (death !== undefined) {
        keep(death, readFileSync(current, "utf8"));
      }
    }
  }
}

/** The file has the whole message. */
function shortened(problem: string): string {
  const lines = problem.split("\n");
  return lines.length > 6 ? [...lines.slice(0, 6), "    …"].join("\n") : problem;
}

function keep(problem: string, text: string): void {
  failures++;
  const likeness = problem.replaceAll(/\d+/g, "#").slice(0, 300);
  const count = (alike.get(likeness) ?? 0) + 1;
  alike.set(likeness, count);
  if (count > mostAlike) {
    return;
  }
  const found = { ...JSON.parse(text), problem };
  const path = join(failuresFolder, `${found.kind}-${found.seed}.json`);
  mkdirSync(failuresFolder, { recursive: true });
  writeFileSync(path, JSON.stringify(found));
  console.log(`✗ ${found.kind}, made from "${found.origin}", case ${found.seed}: ${shortened(problem)}`);
  console.log(`  npm run test:fuzz -- --replay ${relative(root, path)}`);
}
