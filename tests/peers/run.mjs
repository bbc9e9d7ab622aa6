// npm run test:peers [-- --peer curl]
//
// Both roles of @vyra/http2 against HTTP/2 of other makes, over a Unix socket: small exchanges, trailers, 64 MiB each way, a
// thousand streams at once. node:http2 has its place in the package's own tests, grpc-go and others in the interop tests.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkNames, peers } from "./peers.mjs";
import { prepare, startOurs, writeLarge } from "./tools.mjs";

const { values: options } = parseArgs({ options: { peer: { type: "string" } } });
const startedAt = Date.now();
const versions = await prepare();
const folder = mkdtempSync(join(tmpdir(), "vyra-peers-"));
const path = join(folder, "ours.sock");
const [large, small] = [join(folder, "large"), join(folder, "request")];
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
writeLarge(large);
writeFileSync(small, "x");
const ours = await startOurs(path);
const place = { folder, path, port: ours.port, large, small };

const columns = [];
for (const peer of peers.filter(({ title }) => title.includes(options.peer ?? ""))) {
  columns.push({ peer, outcomes: await outcomesOf(peer) });
  console.log(`${peer.title}: ${seconds()} s`);
}
await ours.stop();

const outcomes = columns.flatMap(({ outcomes }) => [...outcomes.values()]);
printMatrix();
const failed = outcomes.filter(({ mark }) => mark === "✗").length;
const passed = outcomes.filter(({ mark }) => mark === "✓").length;
console.log(`${versions.join("; ")}. ${seconds()} s in all.`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

async function outcomesOf(peer) {
  const outcomes = new Map();
  try {
    const checks = await peer.begin(place);
    for (const name of checkNames) {
      const check = checks.get(name);
      outcomes.set(name, check === undefined ? withoutCheck(peer, name) : await outcomeOf(check));
    }
  } catch (error) {
    for (const name of checkNames) {
      outcomes.set(name, { mark: "✗", note: error.message });
    }
  } finally {
    await peer.end?.();
  }
  return outcomes;
}

function withoutCheck(peer, name) {
  const note = peer.cannot?.[name];
  return note === undefined ? { mark: "✗", note: "it was not made" } : { mark: "–", note };
}

async function outcomeOf(check) {
  try {
    const note = await check();
    return note === undefined ? { mark: "✓" } : { mark: "✗", note };
  } catch (error) {
    return { mark: "✗", note: error.message };
  }
}

function printMatrix() {
  const width = Math.max(...checkNames.map(({ length }) => length));
  const titles = columns.map(({ peer }) => peer.title);
  console.log(`\n  ${" ".repeat(width)}  ${titles.join("  ")}`);
  const notes = [];
  for (const name of checkNames) {
    const cells = columns.map(({ peer, outcomes }, i) => {
      const { mark, note } = outcomes.get(name);
      const remark = note ?? peer.remarks?.[name];
      if (remark !== undefined) {
        notes.push(`${mark} ${peer.title}, ${name}: ${remark}`);
      }
      return mark.padEnd(titles[i].length);
    });
    console.log(`  ${name.padEnd(width)}  ${cells.join("  ")}`.trimEnd());
  }
  console.log(`\n${notes.join("\n")}\n`);
}

function seconds() {
  return ((Date.now() - startedAt) / 1000).toFixed(1);
}
