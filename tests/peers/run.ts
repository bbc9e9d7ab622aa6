// npm run test:peers [-- --peer curl]
//
// Tests both roles of @vyra/http2 against other implementations of HTTP/2 over a Unix socket: small exchanges,
// trailers, 64 MiB each way, a thousand streams at once. The package's own tests cover node:http2, and the interop
// tests cover grpc-go and others.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { finish, messageOf, seconds } from "../support/runner.js";
import { type Check, checkNames, type Peer, type Place, peers } from "./peers.js";
import { prepare, startOurs, writeLarge } from "./tools.js";

const { values: options } = parseArgs({ options: { peer: { type: "string" } } });
const versions = await prepare();
const folder = mkdtempSync(join(tmpdir(), "vyra-peers-"));
const path = join(folder, "ours.sock");
const large = join(folder, "large");
const small = join(folder, "request");
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
writeLarge(large);
writeFileSync(small, "x");
const ours = await startOurs(path);
const place: Place = { folder, path, port: ours.port, large, small };

interface Outcome {
  readonly mark: "✓" | "✗" | "–";
  readonly note?: string;
}

interface Column {
  readonly peer: Peer;
  /** By the names of the checks. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

const columns: Column[] = [];
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
finish(passed, failed);
if (passed === 0) {
  process.exitCode = 1;
}

async function outcomesOf(peer: Peer): Promise<Column["outcomes"]> {
  const outcomes = new Map<string, Outcome>();
  try {
    const checks = await peer.begin(place);
    for (const name of checkNames) {
      const check = checks.get(name);
      outcomes.set(name, check === undefined ? withoutCheck(peer, name) : await outcomeOf(check));
    }
  } catch (error) {
    for (const name of checkNames) {
      outcomes.set(name, { mark: "✗", note: messageOf(error) });
    }
  } finally {
    await peer.end?.();
  }
  return outcomes;
}

function withoutCheck(peer: Peer, name: string): Outcome {
  const note = peer.cannot?.[name];
  return note === undefined ? { mark: "✗", note: "it was not made" } : { mark: "–", note };
}

async function outcomeOf(check: Check): Promise<Outcome> {
  try {
    const note = await check();
    return note === undefined ? { mark: "✓" } : { mark: "✗", note };
  } catch (error) {
    return { mark: "✗", note: messageOf(error) };
  }
}

function printMatrix(): void {
  const width = Math.max(...checkNames.map(({ length }) => length));
  console.log(`\n  ${" ".repeat(width)}  ${columns.map(({ peer }) => peer.title).join("  ")}`);
  const notes: string[] = [];
  for (const name of checkNames) {
    const cells = columns.map(({ peer, outcomes }) => {
      const { mark, note } = outcomes.get(name) ?? withoutCheck(peer, name);
      const remark = note ?? peer.remarks?.[name];
      if (remark !== undefined) {
        notes.push(`${mark} ${peer.title}, ${name}: ${remark}`);
      }
      return mark.padEnd(peer.title.length);
    });
    console.log(`  ${name.padEnd(width)}  ${cells.join("  ")}`.trimEnd());
  }
  console.log(`\n${notes.join("\n")}\n`);
}
