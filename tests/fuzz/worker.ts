/**
 * Runs cases, one after the other: `node worker.js OPTIONS-AS-JSON`. Reports its progress and its findings to its
 * parent in messages. If it crashes or hangs, the case that caused it is in the file `current`.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Case, type Kind, readCase, toText } from "./case.js";
import { recordConversations } from "./conversations.js";
import { makeCase } from "./generator.js";
import { GrpcClientTarget } from "./grpc-client-target.js";
import { recordCalls } from "./grpc-conversations.js";
import { GrpcServerTarget } from "./grpc-server-target.js";
import { http2Target } from "./http2-target.js";
import { MemoryWatch } from "./memory-watch.js";
import { seedOf } from "./random.js";
import type { Recording } from "./recording.js";
import type { Target } from "./target.js";

export interface WorkerOptions {
  readonly kinds: readonly Kind[];
  readonly seed: number;
  readonly seconds: number;
  /** The file to which each case is written before it runs. */
  readonly current: string;
  /** A single case to run instead of generated ones. */
  readonly replay?: string;
}

/** The messages to the parent. */
export type WorkerMessage =
  | { readonly type: "batch"; readonly kind: Kind; readonly cases: number; readonly rssMiB: number }
  | {
      readonly type: "problem";
      readonly problem: string;
      readonly text: string;
      readonly kind: Kind;
      readonly seed: number;
    }
  | { readonly type: "done" };

/** After each batch, a correct peer is served and memory is measured. */
const batchSizes: Record<Kind, number> = { server: 200, client: 200, "grpc-server": 60, "grpc-client": 60 };

const options = JSON.parse(process.argv[2] ?? "{}") as WorkerOptions;
const folder = mkdtempSync(join(tmpdir(), "vyra-fuzz-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const targets = new Map<Kind, Target>();
const memory = new MemoryWatch();
let last: Case | undefined;

if (options.replay !== undefined) await runOne(readCase(options.replay));
else await runMany();
for (const target of targets.values()) await target[Symbol.asyncDispose]();
tell({ type: "done" });
process.disconnect?.();

async function runMany(): Promise<void> {
  const { kinds, seed, seconds } = options;
  const recordings = await recordAll(kinds);
  const endsAt = performance.now() + seconds * 1_000;
  for (let batch = 0; performance.now() < endsAt; batch++) {
    const kind = kinds[batch % kinds.length] as Kind;
    const target = await targetOf(kind);
    let cases = 0;
    for (; cases < batchSizes[kind] && performance.now() < endsAt; cases++) {
      await runOne(makeCase(kind, seedOf(seed, batch, cases), recordings.get(kind) ?? []));
    }
    report((await target.check()) ?? (await memory.check(batch >= 2 * kinds.length)));
    tell({ type: "batch", kind, cases, rssMiB: memory.rssMiB });
  }
}

async function runOne(one: Case): Promise<void> {
  writeFileSync(options.current, toText(one));
  last = one;
  const target = await targetOf(one.kind);
  report(await target.run(one));
  if (options.replay !== undefined) report(await target.check());
}

function report(problem: string | undefined): void {
  if (problem === undefined || last === undefined) return;
  const { kind, seed } = last;
  tell({ type: "problem", problem, text: toText(last, problem), kind, seed });
}

async function targetOf(kind: Kind): Promise<Target> {
  let target = targets.get(kind);
  if (target === undefined) {
    target = await newTarget(kind);
    targets.set(kind, target);
  }
  return target;
}

async function newTarget(kind: Kind): Promise<Target> {
  if (kind === "grpc-server") return GrpcServerTarget.start(folder);
  return kind === "grpc-client" ? GrpcClientTarget.start(folder) : http2Target;
}

async function recordAll(kinds: readonly Kind[]): Promise<Map<Kind, readonly Recording[]>> {
  const recordings = new Map<Kind, readonly Recording[]>();
  if (kinds.includes("server") || kinds.includes("client")) {
    const { fromClients, fromServers } = await recordConversations();
    recordings.set("server", fromClients).set("client", fromServers);
  }
  if (kinds.includes("grpc-server") || kinds.includes("grpc-client")) {
    const { fromClients, fromServers } = await recordCalls(folder);
    recordings.set("grpc-server", fromClients).set("grpc-client", fromServers);
  }
  return recordings;
}

function tell(message: WorkerMessage): void {
  process.send?.(message);
}
