// Bundles users' programs as docs/guide/bundlers.md says, with each bundler, and then runs them where only koffi is
// installed.
import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { after, before, describe, it } from "node:test";
import { buildsProject, env, packages, run, socketsLeft, work } from "./support.js";

const version = packages.find(({ name }) => name === "@vyra/ipc")?.version;
const bundlers = [
  "esbuild-esm",
  "esbuild-cjs",
  "esbuild-cjs-minified",
  "rollup",
  "rolldown",
  "webpack",
  "webpack-esm",
  "vite",
];

describe("in a bundle", () => {
  let project: string;
  const deployed = join(work, "deployed");

  before(() => {
    project = buildsProject();
    for (const name of ["koffi", "@koromix"]) {
      cpSync(join(project, "node_modules", name), join(deployed, "node_modules", name), { recursive: true });
    }
  });

  for (const bundler of bundlers) {
    it(`of ${bundler}, it serves and calls`, () => {
      const folder = join(deployed, bundler);
      run(process.execPath, ["build.mjs", bundler, folder], { cwd: project });
      const said = run(process.execPath, [join(folder, programIn(folder))], { cwd: work });
      assert.equal(said, `@vyra/ipc ${version}`); // through telemetry()
      assert.deepEqual(socketsLeft(), []);
    });
  }

  it("it says what is missing where koffi is", () => {
    const bare = join(work, "bare");
    for (const bundler of ["esbuild-cjs", "esbuild-esm"]) {
      mkdirSync(bare, { recursive: true });
      const program = programIn(join(deployed, bundler));
      cpSync(join(deployed, bundler, program), join(bare, program));
      const { status, stderr } = spawnSync(process.execPath, [join(bare, program)], {
        encoding: "utf8",
        env,
        cwd: work,
      });
      assert.equal(status, 1);
      assert.match(stderr, /AddressError: cannot lock .*Cannot find module 'koffi'.*see docs\/guide\/bundlers\.md/);
    }
  });
});

describe("in Next.js", () => {
  const options = { env: { ...env, NEXT_TELEMETRY_DISABLED: "1" } };
  let project: string;
  let next: string;
  let backend: ChildProcessByStdio<null, Readable, null>;

  before(async () => {
    project = buildsProject();
    next = join(project, "node_modules/next/dist/bin/next");
    backend = spawn(process.execPath, [join(project, "backend.mjs")], {
      ...options,
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(backend.stdout, "data");
  });

  after(async () => {
    backend.kill();
    await once(backend, "exit");
    assert.deepEqual(socketsLeft(), []);
  });

  it("a route calls a backend, and a server beside the routes is called (webpack, next start)", async () => {
    const cwd = join(project, "next");
    run(process.execPath, [next, "build", "--webpack"], { ...options, cwd });
    await serves((port) => [next, "start", "--port", `${port}`], cwd);
  });

  it("they do as well from a folder that was put elsewhere (Turbopack, standalone)", async () => {
    const cwd = join(project, "next");
    run(process.execPath, [next, "build", "--turbopack"], { cwd, env: { ...options.env, NEXT_OUTPUT: "standalone" } });
    const elsewhere = join(work, "standalone");
    cpSync(join(cwd, ".next/standalone"), elsewhere, { recursive: true });
    // The packages that were installed for the build are missing where the bundle runs.
    renameSync(join(project, "node_modules"), join(project, "not_here"));
    try {
      await serves(() => ["server.js"], join(elsewhere, "next"));
    } finally {
      renameSync(join(project, "not_here"), join(project, "node_modules"));
    }
  });

  /** Starts Next.js, calls the route, and ends Next.js as a supervisor does. */
  async function serves(argsFor: (port: number) => readonly string[], cwd: string): Promise<void> {
    const port = await freePort();
    const child = spawn(process.execPath, argsFor(port), {
      cwd,
      env: { ...options.env, PORT: `${port}`, HOSTNAME: "127.0.0.1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    const ready = new Promise<void>((resolve, reject) => {
      for (const output of [child.stdout, child.stderr]) {
        output.setEncoding("utf8").on("data", (text) => {
          said += text;
          if (said.includes("Ready in")) {
            resolve();
          }
        });
      }
      child.once("exit", () => reject(new Error(`ended before it was ready: ${said}`)));
    });
    try {
      await ready;
      const response = await fetch(`http://127.0.0.1:${port}/greet`);
      assert.equal(response.status, 200, said);
      assert.deepEqual(await response.json(), [`hello from ${backend.pid}`, `hello from ${child.pid}`]);
    } finally {
      if (child.exitCode === null) {
        child.kill();
        await once(child, "exit");
      }
    }
    assert.deepEqual(socketsLeft(), ["backend_ipc.sock"]);
  }
});

function programIn(folder: string): string {
  const program = readdirSync(folder).find((name) => /^app\.[cm]?js$/.test(name));
  assert.ok(program !== undefined, `no program in ${folder}`);
  return program;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
