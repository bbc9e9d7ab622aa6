import { readFileSync, writeFileSync } from "node:fs";
import { format } from "../figures/format.js";
import type { SuiteResult } from "../figures/results.js";
import { spreadOf } from "../figures/summary.js";
import { markdown } from "./tables.js";

/** The alternatives that a reader of the README may use today, with names short enough for the table. */
const names: Readonly<Record<string, string>> = {
  "kernel-limit": "the kernel's limit: C, sleeping",
  "kernel-limit-busy": "the kernel's limit: C, busy polling",
  "js-limit": "JavaScript's limit: length-prefixed protobuf",
  direct: "**@vyra/ipc**",
  "child-process": "`child_process` messages",
  "node-ipc": "node-ipc, JSON",
  tonic: "tonic (Rust), one thread",
  "tonic-multi": "tonic (Rust), multi-threaded",
  "grpc-cpp": "gRPC C++",
  "grpc-go-1": "grpc-go, GOMAXPROCS=1",
  "grpc-go-2": "grpc-go, GOMAXPROCS=2",
  fastify: "fastify and undici, JSON",
  grpcio: "Python grpcio",
  "grpc-js": "grpc-js",
  "connect-node": "connect-node",
};

const begin = "<!-- written by npm run bench -->";
const end = "<!-- end -->";

/** Writes the table of latency and throughput between the two marks in the README. */
export function writeReadmeTable(file: string, rpc: SuiteResult): void {
  const text = readFileSync(file, "utf8");
  const [before, after] = [text.indexOf(begin), text.indexOf(end)];
  if (before === -1 || after < before) {
    throw new Error(`${file} has no place for the table: ${begin} … ${end}`);
  }
  writeFileSync(file, `${text.slice(0, before + begin.length)}\n${readmeTable(rpc)}\n${text.slice(after)}`);
}

/** Returns unary calls, one at a time and 64 outstanding; the fastest peer comes first. */
export function readmeTable(rpc: SuiteResult): string {
  const figure = (scenario: string, peer: string, name: "p50Us" | "rate") => {
    const point = rpc.scenarios.find((each) => each.name === scenario)?.points[0];
    return spreadOf(point?.peers[peer], name)?.median;
  };
  const rows = Object.entries(names)
    .map(([peer, name]) => ({
      peer,
      name,
      p50: figure("unary-1", peer, "p50Us"),
      rate: figure("unary-64", peer, "rate"),
    }))
    .sort((a, b) => (b.rate ?? 0) - (a.rate ?? 0))
    .flatMap(({ peer, name, p50, rate }) => {
      if (p50 === undefined || rate === undefined) {
        return [];
      }
      const mark = peer === "direct" ? "**" : "";
      return [[name, `${mark}${format("p50Us", p50)}${mark}`, `${mark}${format("rate", rate)}${mark}`]];
    });
  const circumstances = `The figures are medians, on ${rpc.machine.cores} cores with Node.js ${rpc.machine.node}.`;
  return `\n${markdown(["", "one at a time, p50", "64 outstanding, calls/s"], rows)}\n\n${circumstances}\n`;
}
