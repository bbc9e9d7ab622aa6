import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Missing, opensOneStream, type Peer, type Ready } from "../peer.js";
import { buildOnce, cache, outputOf, protoFolder, runTool, sources } from "../toolchain.js";

/** grpc-go requires this version. GOTOOLCHAIN=local keeps Go from downloading another. */
const goVersion = "1.26";
const env = { GOTOOLCHAIN: "local", GOFLAGS: "-mod=readonly" };

export const grpcGo: Peer = { suite: "rpc", name: "grpc-go", title: "grpc-go", prepare, cannot: opensOneStream };

async function prepare(): Promise<Ready | Missing> {
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
  return { version: `grpc-go ${grpc}, Go ${version}`, server: [program, "server"], client: [program, "client"] };
}
