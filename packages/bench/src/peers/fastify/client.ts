import { Pool } from "undici";
import { fail } from "../../load/connection.js";
import { clientProgram } from "../../program/client-program.js";

const headers = { "content-type": "application/json" };
/** HTTP/1.1 answers one request at a time on a connection; further requests wait in the pool. */
const maxConnections = 64;

await clientProgram((address, job) => {
  const calls = Math.ceil(job.inFlight / job.connections);
  const pool = new Pool("http://localhost", { socketPath: address, connections: Math.min(calls, maxConnections) });
  const text = "a".repeat(job.payloadBytes);

  async function echo(): Promise<number> {
    const body = JSON.stringify({ payload: text });
    const answer = await pool.request({ method: "POST", path: "/echo", headers, body });
    const { payload } = (await answer.body.json()) as { payload: string };
    return payload.length;
  }
  return { call: (_payload, done) => void echo().then(done, fail) };
});
