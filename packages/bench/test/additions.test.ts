import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { serve } from "@vyra/ipc";
import type { Addition } from "../dist/contract/additions.js";
import { additions } from "../dist/contract/additions.js";
import { work } from "../dist/contract/job.js";
import { BenchService } from "../dist/gen/vyra/bench/v1/bench_pb.js";
import { peers } from "../dist/peers/index.js";
import { reasonAgainst } from "../dist/peers/peer.js";
import { Program } from "../dist/run/program.js";
import { scenarios } from "../dist/scenarios/index.js";

const folder = mkdtempSync(join(tmpdir(), "vyra-bench-additions-"));
after(() => rmSync(folder, { recursive: true }));

const named = (name: string) => peers.find((peer) => peer.suite === "rpc" && peer.name === name) ?? assert.fail(name);

/** Returns the request headers of the calls that a peer's client makes. */
async function headersOf(name: string, adds: Addition | undefined): Promise<Headers[]> {
  const seen: Headers[] = [];
  const socket = join(folder, `${name}-${adds}.sock`);
  const server = await serve({
    socket,
    routes: (router) =>
      router.service(BenchService, {
        echo({ payload }, { requestHeader }) {
          seen.push(new Headers(requestHeader));
          return { payload };
        },
      }),
  });
  const ready = await named(name).prepare();
  assert.ok(!("missing" in ready));
  const job = work("calls", adds === undefined ? {} : { adds });
  const client = new Program([...ready.client, socket, JSON.stringify(job)], {});
  try {
    assert.equal(JSON.parse(await client.line(20_000)).at, "ready");
    client.tell("run 20");
    assert.equal(JSON.parse(await client.line(20_000)).at, "done");
  } finally {
    await client.end();
    await server.close();
  }
  return seen;
}

describe("what a client adds", () => {
  for (const name of ["direct", "grpc-js", "connect-node"]) {
    it(`is nothing in a bare call of ${name}`, async () => {
      const calls = await headersOf(name, undefined);
      assert.ok(calls.length > 0);
      assert.ok(calls.every((headers) => !headers.has("x-request-id") && !headers.has("traceparent")));
    });

    it(`is a header that an interceptor of ${name} sets`, async () => {
      const calls = await headersOf(name, "header");
      assert.ok(calls.length > 0);
      assert.ok(calls.every((headers) => headers.get("x-request-id") === "12345"));
    });
  }

  for (const name of ["direct", "grpc-js"]) {
    it(`is a span, recorded or sampled out, of ${name}`, async () => {
      const recorded = await headersOf(name, "spans");
      const ids = recorded.map((headers) => headers.get("traceparent") ?? assert.fail("no traceparent"));
      assert.ok(ids.length > 0 && ids.every((id) => id.endsWith("-01")));
      assert.equal(new Set(ids).size, ids.length);
      const out = await headersOf(name, "sampled-out");
      assert.ok(out.length > 0 && out.every((headers) => headers.get("traceparent")?.endsWith("-00")));
    });
  }
});

describe("a peer that lacks an addition", () => {
  const scenario = scenarios.find(({ name }) => name === "additions") ?? assert.fail();

  it("says why, and takes part in the bare calls", () => {
    const against = (name: string) =>
      Object.fromEntries(
        scenario.points.map((point) => [point.work.adds ?? "", reasonAgainst(named(name), scenario, point)]),
      );
    assert.deepEqual(Object.keys(against("direct")).sort(), ["", ...Object.keys(additions)].sort());
    assert.ok(Object.values(against("direct")).every((reason) => reason === undefined));
    assert.match(against("grpc-js").metrics ?? "", /no metrics/);
    assert.match(against("connect-node").retry ?? "", /no such mechanism/);
    assert.match(against("tonic").noop ?? "", /bare calls only/);
    assert.equal(against("tonic")[""], undefined);
  });
});
