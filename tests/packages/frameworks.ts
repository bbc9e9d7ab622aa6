// Runs users' tests in their frameworks, with real timers and with fake ones.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { buildsProject, env, run, socketsLeft } from "./support.js";

describe("calls are made in tests of", () => {
  let cwd: string;

  before(() => {
    cwd = buildsProject();
  });

  it("jest, from CommonJS", () => {
    run("node_modules/.bin/jest", ["--config", "jest.config.json"], { cwd });
    assert.deepEqual(socketsLeft(), []);
  });

  it("jest, where timers are fake before anything is loaded", () => {
    const config = JSON.parse(readFileSync(join(cwd, "jest.config.json"), "utf8"));
    const fakeTimers = { enableGlobally: true };
    writeFileSync(join(cwd, "jest.fake.json"), JSON.stringify({ ...config, fakeTimers }));
    run("node_modules/.bin/jest", ["--config", "jest.fake.json"], { cwd });
    assert.deepEqual(socketsLeft(), []);
  });

  for (const environment of ["node", "jsdom"]) {
    for (const { by, more } of [
      { by: "Node.js", more: {} },
      { by: "vitest", more: { INLINE: "1" } },
    ]) {
      it(`vitest, environment ${environment}, loaded by ${by}`, () => {
        run("node_modules/.bin/vitest", ["run", "--environment", environment], {
          cwd,
          env: { ...env, ...more },
        });
        assert.deepEqual(socketsLeft(), []);
      });
    }
  }

  it("sinon", () => {
    run(process.execPath, ["sinon.mjs"], { cwd });
    assert.deepEqual(socketsLeft(), []);
  });
});
