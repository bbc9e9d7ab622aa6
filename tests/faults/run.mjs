// npm run test:faults [-- --quick] [-- --engine direct|node] [-- --only starters,kills]
//
// What can go wrong with a server on a local socket, made to go wrong, each with its figures. `--engine` is the server's.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { faults } from "../dist/faults/all.js";
import { CannotBeTried } from "../dist/faults/fault.js";
import { endAll } from "../dist/faults/process.js";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    engine: { type: "string", default: "direct" },
    only: { type: "string" },
  },
});
const names = options.only?.split(",") ?? Object.keys(faults);
const unknown = names.filter((name) => !(name in faults));
if (unknown.length > 0) {
  console.error(`there is no fault ${unknown.join(", ")}; there are ${Object.keys(faults).join(", ")}`);
  process.exit(2);
}

let passed = 0;
let failed = 0;
for (const name of names) {
  const folder = mkdtempSync(join(tmpdir(), "vyra-f-"));
  const began = performance.now();
  const seconds = () => `${((performance.now() - began) / 1_000).toFixed(1)} s`;
  try {
    const { quick, engine } = options;
    const figures = await faults[name]({ folder, socket: join(folder, "x.sock"), engine, quick });
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
