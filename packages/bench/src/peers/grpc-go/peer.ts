import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Missing, opensOneStream, type Peer, type Ready } from "../peer.js";
import { buildOnce, cache, outputOf, protoFolder, runTool, sources } from "../toolchain.js";

/** grpc-go requires this version. GOTOOLCHAIN=local keeps Go from downloading another. */
const goVersion = "1.26";
const env = { GOTOOLCHAIN: "local", GOFLAGS: "-mod=readonly" };

/**
 * grpc-go with one and with two threads that run Go code. Go's default is the number of cores, which client and server
 * share here; with one thread each, they do not compete for them.
 */
export const grpcGoPeers: readonly [Peer, Peer] = [grpcGoOn("1"), grpcGoOn("2")];

function grpcGoOn(threads: string): Peer {
  return {
    suite: "rpc",
    name: `grpc-go-${threads}`,
    title: `grpc-go, GOMAXPROCS=${threads}`,
    configuration:
      `GOMAXPROCS=${threads} is the number of threads that run Go code in each process. ` +
      "By default it is the number of cores.",
    prepare: () => prepare(threads),
    cannot: opensOneStream,
  };
}

async function prepare(threads: string): Promise<Ready | Missing> {
  const version = /go(\d+\.\d+(\.\d+)?)/.exec(outputOf("go", ["version"], env) ?? "")?.[1];
  if (version === undefined || version.localeCompare(goVersion, "en", { numeric: true }) < 0) {
    return { missing: `Go ${goVersion} or newer` };
  }
  const folder = join(sources, "grpc-go");
  const bin = join(cache, "bin");
  const program = join(bin, "grpc-go");
  await buildOnce("grpc-go", { folders: [folder, protoFolder], words: [version] }, async () => {
    await runTool("go", ["install", "tool"], { cwd: folder, env: { ...env, GOBIN: bin } });
    await runTool("npx", ["buf", "generate", "--template", join(folder, "buf.gen.yaml")]);
    await runTool("go", ["build", "-o", program, "."], { cwd: folder, env });
  });
  const grpc = /google\.golang\.org\/grpc v(\S+)/.exec(readFileSync(join(folder, "go.mod"), "utf8"))?.[1];
  return {
    version: `grpc-go ${grpc}, Go ${version}`,
    server: [program, "server"],
    client: [program, "client"],
    env: { GOMAXPROCS: threads },
  };
}
