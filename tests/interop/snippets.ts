// Runs the programs that the docs show. A fenced block whose first line names a file after the language is that file:
//
//     ```go go/backend/main.go
//
// The files are written to .cache/interop/snippets/<doc>/, built where there is something to build, and run in pairs.
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { cacheFolder, root, suiteFolder } from "../support/folders.js";
import { type Command, type Env, Program, run } from "../support/programs.js";
import { goEnv, once } from "../support/toolchains.js";
import { prepareCpp, prepareGo, prepareGrpcurl, preparePython } from "./toolchains.js";

const cache = cacheFolder("interop");
const folder = join(cache, "snippets");
const node = process.execPath;

/** The command that starts a program for a module. */
type CommandFor = (module: string) => Command;

interface Pair {
  readonly what: string;
  readonly backend: CommandFor;
  readonly frontend: CommandFor;
  /** What the frontend prints, if it is not "ready". */
  readonly prints?: string;
  readonly env?: Env;
}

/** The pairs of programs of a language; none if its toolchain is missing. */
type Pairs = readonly Pair[];

/** Runs all pairs whose toolchain is installed. */
export async function runSnippets(): Promise<{ readonly passed: number; readonly problems: readonly string[] }> {
  for (const doc of ["other-languages", "moving-from-grpc-js", "moving-from-python"]) {
    extract(doc);
  }
  const pairs = (await Promise.all([ours(), grpcJs(), python(), go(), cpp(), grpcurl()])).flat();
  const problems: string[] = [];
  for (const [i, pair] of pairs.entries()) {
    const problem = await runPair(pair, `vyra_snippet_${process.pid}_${i}`);
    if (problem !== undefined) {
      problems.push(`✗ snippets, ${pair.what}: ${problem}`);
    }
  }
  return { passed: pairs.length - problems.length, problems };
}

const ourBackend: CommandFor = (module) => [node, join(folder, "moving-from-grpc-js/dist/after-backend.js"), module];
const ourFrontend: CommandFor = (module) => [node, join(folder, "moving-from-grpc-js/dist/after-frontend.js"), module];

/** Our programs are written in TypeScript, so they are also checked by its strictest rules. */
async function ours(): Promise<Pairs> {
  for (const doc of ["moving-from-grpc-js", "moving-from-python"]) {
    const config = {
      extends: join(root, "tsconfig.base.json"),
      compilerOptions: { rootDir: ".", outDir: "dist", noEmit: false, composite: false, types: ["node"] },
      include: ["*.ts"],
    };
    writeFileSync(join(folder, doc, "tsconfig.json"), JSON.stringify(config));
    writeFileSync(join(folder, doc, "package.json"), '{ "type": "module" }');
    await run(node, [join(root, "node_modules/typescript/bin/tsc"), "-p", join(folder, doc)], { cwd: root });
  }
  return [
    { what: "moving from grpc-js, after", backend: ourBackend, frontend: ourFrontend },
    { what: "moving from Python, after", backend: after("after-backend"), frontend: after("after-frontend") },
    { what: "moving from Python, typed", backend: after("after-backend"), frontend: after("after-frontend-typed") },
  ];
}

/** Returns a program from the page on moving from Python, in its final state. */
function after(name: string): CommandFor {
  return (module) => [node, join(folder, "moving-from-python/dist", `${name}.js`), module];
}

async function grpcJs(): Promise<Pairs> {
  const program =
    (doc: string, name: string): CommandFor =>
    (module) => [node, join(folder, doc, name), module];
  const before = (name: string) => program("moving-from-grpc-js", `before-${name}.mjs`);
  const other = (name: string) => program("other-languages", `grpc-js/${name}.mjs`);
  return [
    { what: "moving from grpc-js, before", backend: before("backend"), frontend: before("frontend") },
    { what: "moving from grpc-js, server first", backend: ourBackend, frontend: before("frontend") },
    { what: "moving from grpc-js, client first", backend: before("backend"), frontend: ourFrontend },
    ...bothWays("grpc-js", other("backend"), other("frontend")),
  ];
}

async function python(): Promise<Pairs> {
  const tools = await preparePython();
  if ("missing" in tools) {
    return [];
  }
  const gen = join(folder, "python-gen");
  mkdirSync(gen, { recursive: true });
  const protos = ["data", "backend_service"].map((name) => `vyra/ipc/${name}.proto`);
  const out = ["-I", join(root, "proto"), `--python_out=${gen}`, `--grpc_python_out=${gen}`];
  await run(tools.python, ["-m", "grpc_tools.protoc", ...out, ...protos]);
  const program =
    (path: string): CommandFor =>
    (module) => [tools.python, join(folder, path), module];
  const before = (name: string) => program(`moving-from-python/before/${name}.py`);
  const pairs: Pairs = [
    ...bothWays("Python", program("other-languages/python/backend.py"), program("other-languages/python/frontend.py")),
    { what: "moving from Python, before", backend: before("backend"), frontend: before("frontend") },
    { what: "moving from Python, server first", backend: after("after-backend"), frontend: before("frontend") },
    { what: "moving from Python, client first", backend: before("backend"), frontend: after("after-frontend") },
  ];
  return pairs.map((pair) => ({ ...pair, env: { PYTHONPATH: gen, PYTHONDONTWRITEBYTECODE: "1" } }));
}

async function go(): Promise<Pairs> {
  const tools = await prepareGo();
  if ("missing" in tools) {
    return [];
  }
  const cwd = join(folder, "other-languages/go");
  for (const name of ["go.mod", "go.sum"]) {
    const text = readFileSync(join(suiteFolder("interop"), "go", name), "utf8");
    writeFileSync(join(cwd, name), text.replace("vyra.test/interop", "example.com/module"));
  }
  linkProtos(cwd);
  const path = `${dirname(tools.peer)}:${process.env.PATH}`;
  await run(join(root, "node_modules/.bin/buf"), ["generate"], { cwd, env: { PATH: path } });
  for (const name of ["backend", "frontend"]) {
    await run("go", ["build", "-o", `bin/${name}`, `./${name}`], { cwd, env: { ...goEnv, GOFLAGS: "-mod=mod" } });
  }
  const program =
    (name: string): CommandFor =>
    (module) => [join(cwd, "bin", name), module];
  return bothWays("Go", program("backend"), program("frontend"));
}

async function cpp(): Promise<Pairs> {
  const tools = await prepareCpp();
  if ("missing" in tools) {
    return [];
  }
  const source = join(folder, "other-languages/cpp");
  const build = join(cache, "snippets-cpp"); // it is kept, because C++ takes long to build
  linkProtos(source);
  const inputs = ["CMakeLists.txt", "backend.cc", "frontend.cc"].map((name) =>
    readFileSync(join(source, name), "utf8"),
  );
  await once(join(build, "build.stamp"), [tools.version, ...inputs], async () => {
    await run("cmake", ["-S", source, "-B", build]);
    await run("cmake", ["--build", build, "--parallel", "2"]);
  });
  const program =
    (name: string): CommandFor =>
    (module) => [join(build, name), module];
  return bothWays("C++", program("backend"), program("frontend"));
}

async function grpcurl(): Promise<Pairs> {
  const tools = await prepareGrpcurl();
  if ("missing" in tools) {
    return [];
  }
  const script = join(folder, "other-languages/grpcurl/calls.sh");
  const text = readFileSync(script, "utf8");
  const env = { PATH: `${dirname(tools.grpcurl)}:${process.env.PATH}` };
  const frontend: CommandFor = (module) => ["sh", "-c", `cd ${root}; ${text.replaceAll("my_module", module)}`];
  return [{ what: "grpcurl", backend: ourBackend, frontend, prints: "HELLO", env }];
}

function bothWays(title: string, backend: CommandFor, frontend: CommandFor): Pairs {
  return [
    { what: `${title} calls us`, backend: ourBackend, frontend },
    { what: `we call ${title}`, backend, frontend: ourFrontend },
    { what: `${title} calls itself`, backend, frontend },
  ];
}

/** @returns what went wrong */
async function runPair(
  { backend, frontend, prints = "ready", env }: Pair,
  module: string,
): Promise<string | undefined> {
  const path = `/tmp/${module}_ipc.sock`;
  const server = new Program(backend(module), { env });
  try {
    while (!existsSync(path)) {
      if (await server.endsWithin(20)) {
        return `the backend ended: ${server.stderr}`;
      }
    }
    const output: string[] = [];
    const client = new Program(frontend(module), { env, onLine: (line) => output.push(line) });
    if (!(await client.endsWithin(20_000))) {
      client.kill("SIGKILL");
      return "the frontend does not end";
    }
    if (!output.join("\n").includes(prints)) {
      return `the frontend printed ${JSON.stringify(output)}: ${client.stderr}`;
    }
    server.kill("SIGTERM");
    if (!(await server.endsWithin(8_000))) {
      return "the backend does not end on SIGTERM";
    }
    await delay(0);
    return existsSync(path) ? `the backend leaves ${path}` : undefined;
  } finally {
    server.kill("SIGKILL");
    await server.ended;
    rmSync(path, { force: true });
    rmSync(`${path}.lock`, { force: true });
  }
}

function extract(doc: string): void {
  rmSync(join(folder, doc), { recursive: true, force: true });
  const text = readFileSync(join(root, "docs/guide", `${doc}.md`), "utf8");
  for (const [, path = "", code = ""] of text.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)) {
    const file = join(folder, doc, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, code);
  }
  linkProtos(join(folder, doc));
}

/** Copies the protos, which the programs expect beside them. */
function linkProtos(where: string): void {
  const link = join(where, "proto");
  rmSync(link, { recursive: true, force: true });
  symlinkSync(join(root, "proto"), link);
}
