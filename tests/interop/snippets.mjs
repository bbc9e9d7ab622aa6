// Runs the programs that the docs show. A fenced block whose first line names a file after the language is that file:
//
//     ```go go/backend/main.go
//
// The files are written to .cache/interop/snippets/<doc>/, built where there is something to build, and run in pairs.
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Program, run } from "./processes.mjs";
import { goEnv, once, prepareCpp, prepareGo, prepareGrpcurl, preparePython, root } from "./toolchains.mjs";

const folder = join(root, ".cache/interop/snippets");
const node = process.execPath;

/**
 * @typedef {object} Pair
 * @property {string} what
 * @property {(module: string) => string[]} backend
 * @property {(module: string) => string[]} frontend
 * @property {string} [prints] what the frontend prints, if not "ready"
 * @property {object} [env]
 */

/**
 * Runs all pairs for which the machine has what it takes.
 * @returns {Promise<{ passed: number, problems: string[], missing: string[] }>}
 */
export async function runSnippets() {
  for (const doc of ["other-languages", "moving-from-grpc-js", "moving-from-python"]) {
    extract(doc);
  }
  const languages = await Promise.all([ours(), grpcJs(), python(), go(), cpp(), grpcurl()]);
  const problems = [];
  const pairs = languages.flatMap(({ pairs = [] }) => pairs);
  for (const [i, pair] of pairs.entries()) {
    const problem = await runPair(pair, `vyra_snippet_${process.pid}_${i}`);
    if (problem !== undefined) {
      problems.push(`✗ snippets, ${pair.what}: ${problem}`);
    }
  }
  const missing = languages.flatMap(({ missing }) => missing ?? []);
  return { passed: pairs.length - problems.length, problems, missing };
}

const ourBackend = (module) => [node, join(folder, "moving-from-grpc-js/dist/after-backend.js"), module];
const ourFrontend = (module) => [node, join(folder, "moving-from-grpc-js/dist/after-frontend.js"), module];

/** Ours are written in TypeScript: they have to be right by its strictest rules, too. */
async function ours() {
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
  const after = (name) => (module) => [node, join(folder, "moving-from-python/dist", `${name}.js`), module];
  return {
    pairs: [
      { what: "moving from grpc-js, after", backend: ourBackend, frontend: ourFrontend },
      { what: "moving from Python, after", backend: after("after-backend"), frontend: after("after-frontend") },
      { what: "moving from Python, typed", backend: after("after-backend"), frontend: after("after-frontend-typed") },
    ],
  };
}

async function grpcJs() {
  const program = (doc, name) => (module) => [node, join(folder, doc, name), module];
  const before = (name) => program("moving-from-grpc-js", `before-${name}.mjs`);
  const other = (name) => program("other-languages", `grpc-js/${name}.mjs`);
  return {
    pairs: [
      { what: "moving from grpc-js, before", backend: before("backend"), frontend: before("frontend") },
      { what: "moving from grpc-js, server first", backend: ourBackend, frontend: before("frontend") },
      { what: "moving from grpc-js, client first", backend: before("backend"), frontend: ourFrontend },
      ...bothWays("grpc-js", other("backend"), other("frontend")),
    ],
  };
}

async function python() {
  const tools = await preparePython();
  if (tools.missing !== undefined) {
    return { missing: [tools.missing] };
  }
  const gen = join(folder, "python-gen");
  mkdirSync(gen, { recursive: true });
  const protos = ["data", "backend_service"].map((name) => `vyra/ipc/${name}.proto`);
  const out = ["-I", join(root, "proto"), `--python_out=${gen}`, `--grpc_python_out=${gen}`];
  await run(tools.python, ["-m", "grpc_tools.protoc", ...out, ...protos]);
  const program = (path) => (module) => [tools.python, join(folder, path), module];
  const after = (name) => (module) => [node, join(folder, "moving-from-python/dist", `${name}.js`), module];
  const before = (name) => program(`moving-from-python/before/${name}.py`);
  const pairs = [
    ...bothWays("Python", program("other-languages/python/backend.py"), program("other-languages/python/frontend.py")),
    { what: "moving from Python, before", backend: before("backend"), frontend: before("frontend") },
    { what: "moving from Python, server first", backend: after("after-backend"), frontend: before("frontend") },
    { what: "moving from Python, client first", backend: before("backend"), frontend: after("after-frontend") },
  ];
  return { pairs: pairs.map((pair) => ({ ...pair, env: { PYTHONPATH: gen, PYTHONDONTWRITEBYTECODE: "1" } })) };
}

async function go() {
  const tools = await prepareGo();
  if (tools.missing !== undefined) {
    return { missing: [tools.missing] };
  }
  const cwd = join(folder, "other-languages/go");
  for (const name of ["go.mod", "go.sum"]) {
    const text = readFileSync(join(root, "tests/interop/go", name), "utf8");
    writeFileSync(join(cwd, name), text.replace("vyra.test/interop", "example.com/module"));
  }
  linkProtos(cwd);
  const path = `${dirname(tools.peer)}:${process.env.PATH}`;
  await run(join(root, "node_modules/.bin/buf"), ["generate"], { cwd, env: { PATH: path } });
  for (const name of ["backend", "frontend"]) {
    await run("go", ["build", "-o", `bin/${name}`, `./${name}`], { cwd, env: { ...goEnv, GOFLAGS: "-mod=mod" } });
  }
  const program = (name) => (module) => [join(cwd, "bin", name), module];
  return { pairs: bothWays("Go", program("backend"), program("frontend")) };
}

async function cpp() {
  const tools = await prepareCpp();
  if (tools.missing !== undefined) {
    return { missing: [tools.missing] };
  }
  const source = join(folder, "other-languages/cpp");
  const build = join(root, ".cache/interop/snippets-cpp"); // kept: C++ takes long
  linkProtos(source);
  const inputs = ["CMakeLists.txt", "backend.cc", "frontend.cc"].map((name) =>
    readFileSync(join(source, name), "utf8"),
  );
  await once(join(build, "build.stamp"), [tools.version, ...inputs], async () => {
    await run("cmake", ["-S", source, "-B", build]);
    await run("cmake", ["--build", build, "--parallel", "2"]);
  });
  const program = (name) => (module) => [join(build, name), module];
  return { pairs: bothWays("C++", program("backend"), program("frontend")) };
}

async function grpcurl() {
  const tools = await prepareGrpcurl();
  if (tools.missing !== undefined) {
    return { missing: [tools.missing] };
  }
  const script = join(folder, "other-languages/grpcurl/calls.sh");
  const text = readFileSync(script, "utf8");
  const env = { PATH: `${dirname(tools.grpcurl)}:${process.env.PATH}` };
  const frontend = (module) => ["sh", "-c", `cd ${root}; ${text.replaceAll("my_module", module)}`];
  return { pairs: [{ what: "grpcurl", backend: ourBackend, frontend, prints: "HELLO", env }] };
}

function bothWays(title, backend, frontend) {
  return [
    { what: `${title} calls us`, backend: ourBackend, frontend },
    { what: `we call ${title}`, backend, frontend: ourFrontend },
    { what: `${title} calls itself`, backend, frontend },
  ];
}

/** @returns {Promise<string | undefined>} what went wrong */
async function runPair({ backend, frontend, prints = "ready", env }, module) {
  const path = `/tmp/${module}_ipc.sock`;
  const server = new Program(backend(module), { env });
  try {
    while (!existsSync(path)) {
      if (await server.endsWithin(20)) {
        return `the backend ended: ${server.stderr}`;
      }
    }
    const output = [];
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

function extract(doc) {
  rmSync(join(folder, doc), { recursive: true, force: true });
  const text = readFileSync(join(root, "docs/guide", `${doc}.md`), "utf8");
  for (const [, path, code] of text.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)) {
    const file = join(folder, doc, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, code);
  }
  linkProtos(join(folder, doc));
}

/** The snippets expect the protos beside them. */
function linkProtos(where) {
  const link = join(where, "proto");
  rmSync(link, { recursive: true, force: true });
  symlinkSync(join(root, "proto"), link);
}
