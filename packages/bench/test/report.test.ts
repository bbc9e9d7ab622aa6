import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { SuiteResult } from "../dist/figures/results.js";
import { readmeTable, writeReadmeTable } from "../dist/report/readme.js";
import { writeReport } from "../dist/report/report.js";
import { verdict } from "../dist/report/verdict.js";
import { readResults, updated, writeResults } from "../dist/run/results-file.js";
import { scenarios } from "../dist/scenarios/index.js";
import type { Point } from "../dist/scenarios/scenario.js";

const folder = mkdtempSync(join(tmpdir(), "vyra-bench-test-"));
after(() => rmSync(folder, { recursive: true }));

const rounds = (rates: number[]) => ({
  rounds: rates.map((rate) => ({ figures: { rate, p50Us: 1 }, disturbance: 0.01 })),
});
const unary = scenarios.find(({ suite, name }) => suite === "rpc" && name === "unary-64");

const result: SuiteResult = {
  suite: "rpc",
  startedAt: "2026-01-02T03:04:05.000Z",
  commit: "abc",
  machine: { cpu: "some", cores: 2, memoryGiB: 4, system: "Linux", node: "v20", load: [0, 0, 0], busyBefore: 0 },
  budget: { rounds: 3, warmMs: 1, measureMs: 1, atOnce: 1 },
  peers: [
    { name: "js-limit", title: "the limit", version: "1" },
    { name: "direct", title: "ours", version: "1" },
    { name: "tonic", title: "tonic", missing: "Rust" },
  ],
  scenarios: [
    {
      name: "unary-64",
      points: [
        {
          at: 0,
          work: unary?.points[0]?.work ?? assert.fail(),
          peers: {
            "js-limit": rounds([100, 200, 400]),
            direct: rounds([90, 100, 300]),
            tonic: { rounds: [], failure: "broke" },
          },
        },
      ],
    },
  ],
};

describe("the report", () => {
  writeResults(join(folder, "rpc.json"), result);
  writeReport(join(folder, "performance.md"), folder, [readResults(join(folder, "rpc.json")) ?? assert.fail()]);
  const text = readFileSync(join(folder, "performance.md"), "utf8");

  it("comes from the JSON, as it was written", () => {
    assert.deepEqual(readResults(join(folder, "rpc.json")), result);
  });

  it("shows medians, quartiles, and ratios taken round by round", () => {
    const row = text.split("\n").find((line) => line.includes("**ours**"));
    assert.match(row ?? "", /\| 100 <sub>95 – 200<\/sub> \|.*\| 0\.75 \|/);
  });

  it("names what is missing and what failed", () => {
    assert.match(text, /tonic \| missing here: Rust/);
    assert.match(text, /tonic \| failed: broke/);
  });

  it("refers to existing charts, which follow the reader's colour scheme", () => {
    const links = [...text.matchAll(/!\[[^\]]*\]\(([^)]*)\)/g)].map(([, link]) => link ?? "");
    assert.ok(links.length > 0);
    for (const link of links) {
      assert.ok(existsSync(join(folder, link)), link);
      assert.match(readFileSync(join(folder, link), "utf8"), /prefers-color-scheme: dark/);
    }
  });
});

describe("the variants of a scenario", () => {
  const scenario = scenarios.find(({ name }) => name === "additions") ?? assert.fail();
  const [bare, noop] = scenario.points as [Point, Point];
  const points = [
    { at: bare.at, work: bare.work, peers: { direct: rounds([100, 200, 400]), tonic: rounds([7]) } },
    { at: noop.at, work: noop.work, peers: { direct: rounds([90, 100, 300]) } },
  ];
  writeReport(join(folder, "variants.md"), folder, [{ ...result, scenarios: [{ name: "additions", points }] }]);
  const text = readFileSync(join(folder, "variants.md"), "utf8");

  it("have a table for each peer, with the ratio to its own first variant", () => {
    assert.match(
      text,
      /\| \*\*ours\*\* \| calls per second \|.*\| × bare calls \|\n.*\n.*\| 1\.00 \|\n.*\| 0\.75 \|\n\n/,
    );
    assert.match(text, /\| tonic \|.*\n.*\n\| bare calls \|.*\| 1\.00 \|\n/);
  });
});

describe("an update", () => {
  const [scenario] = result.scenarios;
  const other = { name: "unary-1", points: [] };
  const before = { ...result, scenarios: [other, ...result.scenarios] };
  const points = (scenario?.points ?? []).map((point) => ({ ...point, peers: { "js-limit": rounds([1]) } }));
  const later = {
    ...result,
    startedAt: "2026-02-02T00:00:00.000Z",
    commit: "def",
    scenarios: [{ name: "unary-64", points }],
  };

  it("replaces the earlier results, and says so", () => {
    const after = updated(before, later);
    assert.deepEqual(after.scenarios, [
      other,
      { name: "unary-64", points, update: { startedAt: later.startedAt, commit: "def", budget: later.budget } },
    ]);
    assert.equal(after.commit, "abc");
    writeReport(join(folder, "updated.md"), folder, [after]);
    assert.match(
      readFileSync(join(folder, "updated.md"), "utf8"),
      /In the JSON, the scenario is `unary-64`\. It was measured again at commit def\./,
    );
  });

  it("adds new scenarios in their place", () => {
    const after = updated(before, {
      ...later,
      scenarios: [
        { name: "unary-1000", points },
        { name: "unary-64k", points },
      ],
    });
    assert.deepEqual(
      after.scenarios.map(({ name }) => name),
      [...before.scenarios.map(({ name }) => name), "unary-1000", "unary-64k"],
    );
    writeReport(join(folder, "added.md"), folder, [{ ...after, scenarios: after.scenarios.toReversed() }]);
    const sections = [
      ...readFileSync(join(folder, "added.md"), "utf8").matchAll(/In the JSON, the scenario is `([^`]+)`/g),
    ];
    assert.deepEqual(
      sections.map(([, name]) => name),
      ["unary-1", "unary-64", "unary-1000", "unary-64k"],
    );
  });

  it("is refused if there is nothing to update, or if the results are from another machine", () => {
    assert.throws(() => updated(undefined, later), /run the suite in full first/);
    const elsewhere = { ...later, machine: { ...later.machine, cpu: "another" } };
    assert.throws(() => updated(before, elsewhere), /from another machine/);
  });
});

describe("the lines that say what wins where", () => {
  const point = (name: string, rates: Record<string, number>) => {
    const work = scenarios.find((each) => each.suite === "rpc" && each.name === name)?.points[0]?.work ?? assert.fail();
    const peers = Object.fromEntries(Object.entries(rates).map(([peer, rate]) => [peer, rounds([rate])]));
    return { name, points: [{ at: 0, work, peers }] };
  };
  const linesOf = (rates: Record<string, number>) =>
    verdict({ ...result, scenarios: [point("unary-64", rates)] }).replace(/\s+/g, " ");

  it("name the first, and how far the others are, also if @vyra/ipc loses", () => {
    assert.match(
      linesOf({ direct: 200, tonic: 50, "grpc-js": 10 }),
      /\*\*@vyra\/ipc\*\* \(200 calls per second\) is first\. tonic .* \(50 .*\) follows, with 0\.25 times that\./,
    );
    assert.match(
      linesOf({ direct: 100, tonic: 200, "grpc-go-1": 150, "grpc-js": 10 }),
      /tonic .* \(200 .*\) is first\. \*\*@vyra\/ipc\*\* \(100 .*\) is number 3, with 0\.50 times that\./,
    );
    assert.match(linesOf({ direct: 100, tonic: 105 }), /are first, and equal within 10 %/);
  });

  it("give the ratio to each limit that was measured, and no limit wins", () => {
    const line = linesOf({ direct: 100, tonic: 50, "kernel-limit": 400, "js-limit": 50 });
    assert.match(line, /@vyra\/ipc\*\* \(100 .*\) is first/);
    assert.match(line, /0\.25 × the kernel's limit sleeping and 2\.00 × JavaScript's limit\./);
  });

  it("leave out what was not measured, and whoever was not", () => {
    assert.equal(verdict({ ...result, scenarios: [] }), "");
    assert.equal(linesOf({ direct: 100 }), "");
    assert.equal(linesOf({ tonic: 100 }), "");
  });

  it("choose the highest rate of an open loop at which others kept up", () => {
    const { points } = scenarios.find(({ name }) => name === "open-loop") ?? assert.fail();
    const at = (i: number, peers: Record<string, { rate: number; p99Us: number }>) => ({
      at: points[i]?.at ?? 0,
      work: points[i]?.work ?? assert.fail(),
      peers: Object.fromEntries(
        Object.entries(peers).map(([peer, figures]) => [peer, { rounds: [{ figures, disturbance: 0 }] }]),
      ),
    });
    const line = verdict({
      ...result,
      scenarios: [
        {
          name: "open-loop",
          points: [
            at(0, { direct: { rate: 1_000, p99Us: 50 }, "grpc-js": { rate: 1_000, p99Us: 900 } }),
            at(1, { direct: { rate: 5_000, p99Us: 60 }, "grpc-js": { rate: 3_000, p99Us: 9e5 } }),
          ],
        },
      ],
    });
    assert.match(line, /, 1,000 per second: \*\*@vyra\/ipc\*\* \(p99 50 µs\) is first\./);
  });

  it("begin the report", () => {
    writeReport(join(folder, "lines.md"), folder, [
      { ...result, scenarios: [point("unary-64", { direct: 2, tonic: 1 })] },
    ]);
    const text = readFileSync(join(folder, "lines.md"), "utf8");
    assert.ok(text.indexOf("## What wins where") < text.indexOf("## How to read this"));
    assert.match(text, /\(#unary-64-outstanding\)[\s\S]*^### Unary, 64 outstanding$/m);
  });
});

describe("the first second", () => {
  const cold = { figures: { rate: 100, firstRate: 20 }, disturbance: 0 };
  const [scenario] = result.scenarios;
  const withFirst = (round: object) => ({
    ...result,
    scenarios: [
      {
        name: "unary-64",
        points: (scenario?.points ?? []).map((point) => ({
          ...point,
          peers: { direct: { rounds: [{ ...cold, ...round }] }, "grpc-js": rounds([10]) },
        })),
      },
    ],
  });

  it("stands beside the warm figure, and is empty where it is not known", () => {
    writeReport(join(folder, "first.md"), folder, [withFirst({})]);
    const text = readFileSync(join(folder, "first.md"), "utf8");
    assert.match(text, /\| calls per second \| first second \|/);
    assert.match(text, /\| \*\*ours\*\* \| 100 <sub>100 – 100<\/sub> \| 20 \|/);
    assert.match(text, /\| grpc-js \| 10 <sub>10 – 10<\/sub> \| {2}\|/);
    assert.doesNotMatch(text, /†/);
  });

  it("is followed by a mark if the rates never settled", () => {
    writeReport(join(folder, "unsettled.md"), folder, [withFirst({ isUnsettled: true })]);
    const text = readFileSync(join(folder, "unsettled.md"), "utf8");
    assert.match(text, /\| 100† <sub>/);
    assert.match(text, /^† In at least one round, the rates still differed/m);
  });
});

describe("the README's table", () => {
  const one = result.scenarios[0] ?? assert.fail();
  const both = { ...result, scenarios: [one, { ...one, name: "unary-1" }] };

  it("has the peers that have figures, the fastest first", () => {
    const rows = readmeTable(both)
      .split("\n")
      .filter((line) => line.startsWith("| ") && !line.includes("---"));
    assert.deepEqual(
      rows.map((row) => row.split("|")[1]?.trim()),
      ["", "JavaScript's limit: length-prefixed protobuf", "**@vyra/ipc**"],
    );
    assert.match(rows[2] ?? "", /\*\*1 µs\*\* \| \*\*100\*\*/);
  });

  it("says where others are better, and by how much", () => {
    const [point] = one.points;
    const peers = { direct: rounds([100]), tonic: rounds([250]), "grpc-js": rounds([105]) };
    const lost = { ...result, scenarios: [{ ...one, points: [{ ...(point ?? assert.fail()), peers }] }] };
    const link = "docs/reports/performance.md#unary-64-outstanding";
    assert.ok(readmeTable(lost).includes(`| [Unary, 64 outstanding](${link}) | tonic (Rust), one thread 2.50 times |`));
    assert.doesNotMatch(readmeTable(both), /others are faster/);
  });

  it("replaces the previous table, and nothing else", () => {
    const file = join(folder, "README.md");
    writeFileSync(file, "before\n<!-- written by npm run bench -->\nold\n<!-- end -->\nafter\n");
    writeReadmeTable(file, both);
    const text = readFileSync(file, "utf8");
    assert.ok(
      text.startsWith("before\n<!-- written by npm run bench -->\n") && text.endsWith("\n<!-- end -->\nafter\n"),
    );
    assert.ok(text.includes("**@vyra/ipc**") && !text.includes("old"));
    writeReadmeTable(file, both);
    assert.equal(readFileSync(file, "utf8"), text);
  });

  it("is an error if the README has no place for it", () => {
    const file = join(folder, "OTHER.md");
    writeFileSync(file, "nothing\n");
    assert.throws(() => writeReadmeTable(file, both), /has no place for the table/);
  });
});
