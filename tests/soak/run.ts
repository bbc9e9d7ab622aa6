// npm run test:soak [-- --seconds 60] [-- --calls 1000000] [-- --engine direct|node]
//
// Makes calls of all kinds, with cancellations, deadlines, errors and reconnects. The resources of both processes must
// not grow after the warm-up. With --calls, it runs until that many calls were made; otherwise for the given number of
// seconds.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ServeOptions } from "@vyra/ipc";
import { bounds, growth, type Holdings, measure } from "./measure.js";
import { soak } from "./soak.js";

if (globalThis.gc === undefined) {
  const { status } = spawnSync(process.execPath, ["--expose-gc", ...process.argv.slice(1)], { stdio: "inherit" });
  process.exit(status ?? 1);
}
const keys = Object.keys(bounds) as readonly (keyof Holdings)[];

const { values } = parseArgs({
  options: { seconds: { type: "string" }, calls: { type: "string" }, engine: { type: "string", default: "direct" } },
});
const calls = values.calls === undefined ? Number.POSITIVE_INFINITY : Number(values.calls);
const seconds = Number(values.seconds ?? (values.calls === undefined ? 60 : Number.POSITIVE_INFINITY));

const folder = mkdtempSync(join(tmpdir(), "vyra-s-"));
const began = performance.now();
let passed = 0;
let failed = 0;
try {
  console.log(`after calls        ${keys.join("  ")}`);
  const result = await soak({
    socket: join(folder, "x.sock"),
    engine: values.engine as NonNullable<ServeOptions["engine"]>,
    seconds,
    calls,
    onSample(calls, client, server) {
      console.log(`${String(calls).padStart(9)} client ${row(client)}`);
      console.log(`${" ".repeat(9)} server ${row(server)}`);
    },
  });
  const took = (performance.now() - began) / 1_000;
  console.log(`${result.calls} calls in ${took.toFixed(0)} s, ${result.reconnects} reconnects: ${list(result.byKind)}`);
  check(
    result.wrong.length === 0,
    `${result.wrong.length} calls ended otherwise than they must ${result.wrong[0] ?? ""}`,
  );
  for (const side of ["client", "server"] as const) {
    const grown = growth(result[side]);
    for (const key of keys) {
      check(grown[key] <= bounds[key], `${side}: ${key} grew by ${figure(grown[key])}, may by ${bounds[key]}`);
    }
  }
  const after = await measure();
  const fdsBefore = result.client[0]?.fds ?? 0;
  check(after.fds <= fdsBefore, `after closing all: ${after.fds} descriptors, ${fdsBefore} before`);
  check(after.timers === 0, `after closing all: ${after.timers} timers`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

function check(holds: boolean, what: string): void {
  console.log(`${holds ? "✓" : "✗"} ${what}`);
  if (holds) {
    passed++;
  } else {
    failed++;
  }
}

function row(holdings: Holdings): string {
  return keys.map((key) => figure(holdings[key]).padStart(key.length)).join("  ");
}

function list(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");
}

function figure(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}
