import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseOptions } from "../dist/options.js";
import { peers } from "../dist/peers/index.js";
import { charts } from "../dist/report/charts.js";
import { coreNames } from "../dist/scenarios/core.js";
import { scenarios } from "../dist/scenarios/index.js";
import { references, suites } from "../dist/suite.js";

const namesIn = (suite: string) => peers.filter((peer) => peer.suite === suite).map(({ name }) => name);

describe("the catalogue of peers and scenarios", () => {
  for (const suite of suites) {
    it(`has each name once in ${suite}`, () => {
      const all = [...namesIn(suite), ...scenarios.filter((each) => each.suite === suite).map(({ name }) => name)];
      const own = namesIn(suite);
      assert.equal(new Set(own).size, own.length);
      assert.ok(all.length > own.length);
    });
  }

  it("names only peers that exist", () => {
    for (const { suite, only = [] } of scenarios) {
      assert.deepEqual(
        only.filter((name) => !namesIn(suite).includes(name)),
        [],
      );
    }
    for (const suite of suites) {
      assert.deepEqual(
        references[suite].filter((name) => !namesIn(suite).includes(name)),
        [],
      );
    }
  });

  it("has charts only for scenarios that exist", () => {
    for (const chart of charts) {
      const scenario = scenarios.find(({ suite, name }) => suite === chart.suite && name === chart.scenario);
      assert.equal(scenario?.axis !== undefined, chart.kind === "sweep", chart.title);
    }
  });
});

describe("the command line", () => {
  it("selects everything, or what it names", () => {
    assert.equal(parseOptions([]).isWhole, true);
    const { peers, scenarios, isWhole } = parseOptions(["rpc", "--peer", "direct,js-limit", "--scenario", "unary-64"]);
    assert.deepEqual(peers.map(({ name }) => name).sort(), ["direct", "js-limit"]);
    assert.deepEqual(
      scenarios.map(({ name }) => name),
      ["unary-64"],
    );
    assert.equal(isWhole, false);
  });

  it("updates only with all peers", () => {
    assert.equal(parseOptions(["rpc", "--scenario", "unary-64", "--update"]).isUpdate, true);
    assert.throws(() => parseOptions(["rpc", "--peer", "direct", "--update"]), /all peers/);
    assert.throws(() => parseOptions(["--quick", "--update"]), /all peers/);
  });

  it("has a core that replaces its results, with the peers of the report's first lines", () => {
    const { scenarios, suites, isUpdate, isWhole } = parseOptions(["--core"]);
    assert.deepEqual([suites, isUpdate, isWhole], [["rpc"], true, false]);
    assert.deepEqual(
      scenarios.map(({ name }) => name),
      [...coreNames],
    );
    for (const { name, only = [] } of scenarios) {
      assert.ok(only.includes("direct") && only.includes("tonic"), name);
      assert.deepEqual(
        only.filter((peer) => !namesIn("rpc").includes(peer)),
        [],
      );
    }
    assert.throws(() => parseOptions(["--core", "--peer", "direct"]), /--core chooses/);
    assert.equal(parseOptions(["--core", "--quick"]).isUpdate, false);
  });

  it("sets the rates of the open loop", () => {
    const { scenarios, isWhole } = parseOptions(["rpc", "--rate", "100,2000"]);
    assert.deepEqual(
      scenarios.map(({ name, points }) => [name, points.map(({ at, work }) => [at, work.rate])]),
      [
        [
          "open-loop",
          [
            [100, 100],
            [2000, 2000],
          ],
        ],
      ],
    );
    assert.equal(isWhole, false);
    assert.throws(() => parseOptions(["--rate", "fast"]), /--rate must be a positive integer, not fast/);
  });

  it("lists the valid names when a name is unknown", () => {
    assert.throws(
      () => parseOptions(["http2", "--peer", "direct"]),
      /no peer direct: choose from js-limit, ours, node-http2/,
    );
    assert.throws(() => parseOptions(["http3"]), /no suite http3/);
    assert.throws(() => parseOptions(["--rounds", "0"]), /--rounds must be a positive integer/);
  });
});
