import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Scenario } from "../../scenarios/scenario.js";
import { type Missing, opensOneStream, type Peer, type Ready } from "../peer.js";
import { buildOnce, cache, outputOf, protoFolder, runTool, sources } from "../toolchain.js";

const source = join(sources, "grpcio");
const requirements = join(source, "requirements.txt");

export const grpcioPeers: readonly Peer[] = [
  {
    suite: "rpc",
    name: "grpcio",
    title: "Python grpcio",
    configuration:
      "The client has the option SingleThreadedUnaryStream, as gRPC's guide to performance recommends. Calls that " +
      "are outstanding together are futures. The guide advises against futures, but threads are slower here.",
    prepare: () => prepare(""),
    cannot: holdStreams,
  },
  {
    suite: "rpc",
    name: "grpcio-aio",
    title: "Python grpcio, asyncio",
    configuration: "Client and server run on asyncio, which gRPC's guide to performance recommends.",
    prepare: () => prepare("aio_"),
    cannot: hasNoOpenLoop,
  },
];

function hasNoOpenLoop(scenario: Scenario): string | undefined {
  return scenario.needs === "open-loop" ? "its client has no open loop" : opensOneStream(scenario);
}

function holdStreams(scenario: Scenario): string | undefined {
  const isMany = scenario.points.some(({ work }) => work.streams > 0);
  return isMany ? "needs two threads for each stream" : hasNoOpenLoop(scenario);
}

async function prepare(prefix: string): Promise<Ready | Missing> {
  const version = outputOf("python3", ["-c", "import sys, venv, ensurepip; print('%d.%d.%d' % sys.version_info[:3])"]);
  if (version === undefined) {
    return { missing: "Python 3 with venv (apt-get install python3-venv)" };
  }
  const folder = join(cache, "grpcio");
  const python = join(folder, "bin/python");
  const generated = join(folder, "generated");
  await buildOnce("grpcio", { folders: [source, protoFolder], words: [version] }, async () => {
    rmSync(folder, { recursive: true, force: true });
    await runTool("python3", ["-m", "venv", folder]);
    await runTool(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements]);
    mkdirSync(generated);
    const out = [`--python_out=${generated}`, `--grpc_python_out=${generated}`];
    await runTool(python, ["-m", "grpc_tools.protoc", `-I${protoFolder}`, ...out, "vyra/bench/v1/bench.proto"]);
  });
  const grpcio = /^grpcio==(.*)$/m.exec(readFileSync(requirements, "utf8"))?.[1];
  return {
    version: `grpcio ${grpcio}, Python ${version}`,
    server: [python, join(source, `${prefix}server.py`)],
    client: [python, join(source, `${prefix}client.py`)],
    env: { PYTHONPATH: generated, PYTHONDONTWRITEBYTECODE: "1" },
  };
}
