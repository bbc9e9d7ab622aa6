// npm run test:faults [-- --quick] [-- --engine direct|node] [-- --only starters,kills]
//
// Causes the faults that a server on a local socket can meet, and prints figures for each. `--engine` is the server's.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ServeOptions } from "@vyra/ipc";
import { chosen } from "../support/runner.js";
import { faults } from "./all.js";
import { CannotBeTried } from "./fault.js";
import { endAll } from "./process.js";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    engine: { type: "string", default: "direct" },
    only: { type: "string", multiple: true },
  },
});
const engine = options.engine as NonNullable<ServeOptions["engine"]>;
const all = Object.entries(faults).map(([name, fault]) => ({ name, fault }));

let passed = 0;
let failed = 0;
for (const { name, fault } of chosen(options.only, all, "name")) {
  const folder = mkdtempSync(join(tmpdir(), "vyra-f-"));
  const began = performance.now();
  const seconds = () => `${((performance.now() - began) / 1_000).toFixed(1)} s`;
  try {
    const figures = await fault({ folder, socket: join(folder, "x.sock"), engine, quick: options.quick });
    passed++;
    console.log(`✓ ${name} (${seconds()}): ${figures}`);
  } catch (error) {
    if (error instanceof CannotBeTried) {
      console.log(`- ${name}: not tried, ${error.message}`);
    } else {
      failed++;
      console.log(`✗ ${name} (${seconds()}):`, error);
    }
  } finally {
    await endAll();
    rmSync(folder, { recursive: true, force: true });
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
