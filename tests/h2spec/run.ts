// npm run test:h2spec [-- --verbose]
//
// Runs h2spec, the conformance suite for HTTP/2, against our server, on a Unix socket behind a relay, including the
// strict cases. Also runs its counterpart h2specd against our client. A case that is skipped or missing counts as
// failed.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ServerConnection } from "@vyra/http2";
import { compiled } from "../support/folders.js";
import { relayTo } from "../support/relay.js";
import { finish, seconds } from "../support/runner.js";
import { type Outcome, prepare, testClient, testServer, version } from "./h2spec.js";
import { plainServer } from "./server.js";

const { values: options } = parseArgs({ options: { verbose: { type: "boolean", default: false } } });

await prepare();
console.log(`h2spec ${version} is ready after ${seconds()} s`);

const folder = mkdtempSync(join(tmpdir(), "vyra-h2spec-"));
const path = join(folder, "h2.sock");
const server = createServer((socket) => new ServerConnection(socket, plainServer));
await new Promise<void>((resolve) => server.listen(path, resolve));
const relay = await relayTo(path);
const client = [process.execPath, compiled("h2spec/client.js")] as const;

/**
 * h2specd expects a connection error after DATA or HEADERS on a closed stream, as RFC 7540 §5.1 does. RFC 9113 §6.1
 * requires a stream error for DATA, which is what our client sends. It does the same for HEADERS, because gRPC C++
 * answers some calls twice, which should not cost a connection.
 */
const changedSince = ["closed: Sends a DATA frame", "closed: Sends a HEADERS frame"];

interface Run {
  readonly title: string;
  readonly cases: number;
  /** The names of cases that may fail. */
  readonly exceptions?: readonly string[];
  readonly run: () => Promise<Outcome>;
}

const runs: readonly Run[] = [
  { title: "server", cases: 145, run: () => testServer(relay.port, { strict: false }) },
  { title: "server, strict", cases: 146, run: () => testServer(relay.port, { strict: true }) },
  { title: "client", cases: 57, exceptions: changedSince, run: () => testClient(client) },
];
let passed = 0;
let failed = 0;
try {
  for (const { title, cases, exceptions = [], run } of runs) {
    const outcome = await run();
    console.log(`${title}: ${outcome.summary}, ${seconds()} s`);
    const excepted = outcome.failures.filter((name) => exceptions.includes(name)).length;
    const good = outcome.passed + excepted;
    if (excepted > 0) {
      console.log(
        `  of the failed, ${excepted} as RFC 9113 wants it, where the suite follows RFC 7540: ${exceptions.join(", ")}`,
      );
    }
    if (good < cases || options.verbose) {
      console.log(outcome.output);
    }
    passed += good;
    failed += Math.max(0, cases - good);
  }
} finally {
  await relay.close();
  server.close();
  rmSync(folder, { recursive: true, force: true });
}
finish(passed, failed);
