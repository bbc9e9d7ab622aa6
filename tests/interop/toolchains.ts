// Builds what the peers need, under .cache/interop, and keeps it for the next run. Each function returns what a peer
// needs to start and the versions that were used, or `{ missing }`: what to install.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { cacheFolder, root, suiteFolder } from "../support/folders.js";
import { ask, type Env, run } from "../support/programs.js";
import { goEnv, goVersion, goVersionHere, once } from "../support/toolchains.js";
import type { Missing } from "./peers.js";

const here = suiteFolder("interop");
const protos = join(root, "tests/proto");
const cache = cacheFolder("interop");

const grpcurlVersion = "v1.9.4";

const debianPackages = "g++ cmake make pkg-config libgrpc++-dev libprotobuf-dev protobuf-compiler-grpc";

/** Prepares a toolchain at its first use. */
function shared<T>(prepare: () => Promise<T>): () => Promise<T> {
  let prepared: Promise<T> | undefined;
  return () => {
    prepared ??= prepare();
    return prepared;
  };
}

interface Python {
  readonly python: string;
  readonly env: Env;
  readonly version: string;
}

export const preparePython = shared(async (): Promise<Missing | Python> => {
  const version = ask("python3", ["-c", "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"]);
  if (version === undefined) {
    return { missing: "Python 3 with venv (apt-get install python3-venv)" };
  }
  const folder = join(cache, "python");
  const requirements = join(here, "python/requirements.txt");
  const python = join(folder, "venv/bin/python");
  await once(join(folder, "venv.stamp"), [version, read(requirements)], async () => {
    rmSync(join(folder, "venv"), { recursive: true, force: true });
    await run("python3", ["-m", "venv", join(folder, "venv")]);
    await run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements]);
  });
  await once(join(folder, "protos.stamp"), [read(requirements), ...protoSources()], () =>
    generatePython(python, folder),
  );
  const env = { PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: "1" };
  return { python, env, version: `grpcio ${pinned("grpcio")}, Python ${version}` };
});

/**
 * Generates Python code. Python finds generated code by the proto's path, and would look for `grpc/testing` in the
 * package grpc itself. So the code is generated from copies in a folder of another name. On the wire, only the proto
 * package counts.
 */
async function generatePython(python: string, folder: string): Promise<void> {
  const copies = join(folder, "src/protos");
  rmSync(join(folder, "src"), { recursive: true, force: true });
  mkdirSync(copies, { recursive: true });
  for (const path of protoFiles()) {
    const source = read(path).replaceAll('import "grpc/testing/', 'import "protos/');
    writeFileSync(join(copies, path.slice(path.lastIndexOf("/") + 1)), source);
  }
  const files = readdirSync(copies).map((name) => join(copies, name));
  const out = [`--python_out=${folder}`, `--grpc_python_out=${folder}`];
  await run(python, ["-m", "grpc_tools.protoc", `-I${join(folder, "src")}`, ...out, ...files]);
}

export const prepareGo = shared(async (): Promise<Missing | { readonly peer: string; readonly version: string }> => {
  const missing = missingGo();
  if (missing !== undefined) {
    return { missing };
  }
  const folder = join(here, "go");
  const bin = join(cache, "bin");
  const sources = readdirSync(folder).filter((name) => /\.(go|mod|sum|yaml)$/.test(name));
  const peer = join(bin, "go-peer");
  await once(
    join(bin, "go-peer.stamp"),
    [...sources.map((name) => read(join(folder, name))), ...protoSources()],
    async () => {
      await run("go", ["install", "tool"], { cwd: folder, env: { ...goEnv, GOBIN: bin } });
      await run("npx", ["buf", "generate", "--template", "tests/interop/go/buf.gen.yaml"], { cwd: root });
      await run("go", ["build", "-o", peer, "."], { cwd: folder, env: goEnv });
    },
  );
  const grpc = /google\.golang\.org\/grpc (v\S+)/.exec(read(join(folder, "go.mod")))?.[1];
  return { peer, version: `grpc-go ${grpc}, Go ${goVersionHere()}` };
});

export const prepareGrpcurl = shared(
  async (): Promise<Missing | { readonly grpcurl: string; readonly version: string }> => {
    const missing = missingGo();
    if (missing !== undefined) {
      return { missing };
    }
    const bin = join(cache, `grpcurl-${grpcurlVersion}`);
    const grpcurl = join(bin, "grpcurl");
    if (!existsSync(grpcurl)) {
      const source = `github.com/fullstorydev/grpcurl/cmd/grpcurl@${grpcurlVersion}`;
      await run("go", ["install", source], { env: { ...goEnv, GOBIN: bin } });
    }
    return { grpcurl, version: `grpcurl ${grpcurlVersion}` };
  },
);

interface Cpp {
  readonly server: string;
  readonly client: string;
  readonly version: string;
}

export const prepareCpp = shared(async (): Promise<Missing | Cpp> => {
  const grpc = ask("pkg-config", ["--modversion", "grpc++"]);
  const tools = ["c++", "cmake", "protoc"].every((tool) => ask(tool, ["--version"]) !== undefined);
  const isThere = grpc !== undefined && tools && ask("pkg-config", ["--modversion", "protobuf"]) !== undefined;
  if (!isThere) {
    return { missing: `gRPC for C++ (apt-get install ${debianPackages})` };
  }
  const folder = join(cache, "cpp");
  const sources = readdirSync(join(here, "cpp")).map((name) => read(join(here, "cpp", name)));
  await once(join(folder, "build.stamp"), [grpc, ...sources, ...protoSources()], async () => {
    await run("cmake", ["-S", join(here, "cpp"), "-B", folder]);
    await run("cmake", ["--build", folder, "--parallel", "2"]);
  });
  return { server: join(folder, "server"), client: join(folder, "client"), version: `gRPC C++ ${grpc}` };
});

export function prepareGrpcJs(): { readonly version: string } {
  const { version } = createRequire(import.meta.url)("@grpc/grpc-js/package.json");
  return { version: `@grpc/grpc-js ${version}` };
}

function missingGo(): string | undefined {
  const version = goVersionHere();
  const isOldEnough = version !== undefined && version.localeCompare(goVersion, "en", { numeric: true }) >= 0;
  return isOldEnough ? undefined : `Go ${goVersion} or newer`;
}

function protoFiles(): string[] {
  const folder = join(protos, "grpc/testing");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".proto"))
    .map((name) => join(folder, name))
    .sort();
}

function protoSources(): string[] {
  return protoFiles().map(read);
}

function pinned(name: string): string | undefined {
  return new RegExp(`^${name}==(.*)$`, "m").exec(read(join(here, "python/requirements.txt")))?.[1];
}

function read(path: string): string {
  return readFileSync(path, "utf8");
}
