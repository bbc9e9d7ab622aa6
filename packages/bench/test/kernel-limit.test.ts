import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Job, work } from "../dist/contract/job.js";
import { peers } from "../dist/peers/index.js";
import { measure } from "../dist/run/measure.js";

const durations = { warmMs: 20, settle: undefined, measureMs: 50 };
const jobs: readonly Job[] = [
  work("calls"),
  work("calls", { inFlight: 64, connections: 3 }),
  work("calls", { inFlight: 2, payloadBytes: 3_000_000 }),
  work("calls", { payloadBytes: 0 }),
  work("calls", { inFlight: 8, rate: 1_000 }),
  work("ping-pong", { inFlight: 4 }),
  work("download", { connections: 2 }),
  work("download", { payloadBytes: 1_000_000 }),
  work("upload"),
  work("upload", { payloadBytes: 1_000_000 }),
  work("hold", { connections: 20 }),
  work("hold", { streams: 20 }),
  work("first-call"),
];

for (const peer of peers.filter(({ name, suite }) => suite === "rpc" && name.startsWith("kernel-limit"))) {
  describe(peer.title, async () => {
    const ready = await peer.prepare();
    for (const job of jobs) {
      it(`does the job ${JSON.stringify(job)}`, { skip: "missing" in ready && ready.missing }, async () => {
        assert.ok(!("missing" in ready));
        const { client } = await measure(ready, { ...job, ...durations });
        assert.ok(client.done.count > 0 && client.done.seconds > 0, JSON.stringify(client.done));
        assert.equal(
          client.done.latencyUs !== undefined,
          job.kind === "calls" || job.kind === "ping-pong" || job.kind === "first-call",
        );
        if (job.kind === "hold") {
          assert.equal(client.done.count, 20);
        }
        if (job.rate !== undefined) {
          assert.equal(client.done.count + (client.done.unmade ?? 0), 50);
        }
      });
    }
  });
}
