import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Missing, Peer, Ready } from "../peer.js";
import { buildOnce, cache, outputOf, protoFolder, runTool, sources } from "../toolchain.js";

const proto = "vyra/bench/v1/bench";
const flags = ["-std=c++17", "-O2", "-Wall", "-Wextra", "-Wno-unused-parameter"];

/** gRPC for C++ on its callback API. Completion queues are an older API with threads of the application's own. */
export const grpcCpp: Peer = {
  suite: "rpc",
  name: "grpc-cpp",
  title: "gRPC C++, callback API",
  configuration:
    "gRPC's guide to performance favours the callback API for most calls. It says that completion queues are " +
    "faster at very high rates. The version is that of Debian.",
  prepare,
};

async function prepare(): Promise<Ready | Missing> {
  const version = outputOf("pkg-config", ["--modversion", "grpc++"]);
  const compiler = outputOf("g++", ["-dumpfullversion"]);
  const plugin = outputOf("which", ["grpc_cpp_plugin"]);
  if (version === undefined || compiler === undefined || plugin === undefined) {
    return { missing: "gRPC for C++ (apt-get install g++ libgrpc++-dev pkg-config protobuf-compiler-grpc)" };
  }
  const folder = join(sources, "grpc-cpp");
  const out = join(cache, "grpc-cpp");
  const program = join(out, "grpc-cpp");
  await buildOnce("grpc-cpp", { folders: [folder, protoFolder], words: [version, compiler, ...flags] }, async () => {
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out, { recursive: true });
    const plugins = [`--cpp_out=${out}`, `--grpc_out=${out}`, `--plugin=protoc-gen-grpc=${plugin}`];
    await runTool("protoc", [`-I${protoFolder}`, ...plugins, `${proto}.proto`]);
    const files = [
      ...readdirSync(folder).flatMap((name) => (name.endsWith(".cc") ? [join(folder, name)] : [])),
      ...[".pb.cc", ".grpc.pb.cc"].map((ending) => join(out, `${proto}${ending}`)),
    ];
    const libraries = outputOf("pkg-config", ["--cflags", "--libs", "grpc++", "protobuf"])?.split(/\s+/) ?? [];
    await runTool("g++", [...flags, `-I${out}`, "-o", program, ...files, ...libraries]);
  });
  return { version: `gRPC ${version}, g++ ${compiler}`, server: [program, "server"], client: [program, "client"] };
}
