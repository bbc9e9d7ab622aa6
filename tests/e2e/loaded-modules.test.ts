import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { leaveNothingBehind } from "../support/clean.js";
import { freshName } from "../support/engines.js";

leaveNothingBehind();

const here = fileURLToPath(new URL(".", import.meta.url));

/** The modules of Node.js that take long to load, or that only other engines and protocols need. */
const heavy = ["http", "https", "http2", "tls", "zlib", "crypto", "worker_threads", "internal/deps/undici/undici"];

/** What imports look like of other engines, of what only servers need, and of generated code that comes with us. */
const packages = "^(undici|@connectrpc/connect-node|@opentelemetry/)";
const parts = "^[.]/(server-(unbound|engines|cluster)|services-|gen-)";

/**
 * Runs a program, which fails if it imports something that looks so. Returns the heavy modules of Node.js that it has
 * loaded, and whether it has loaded koffi.
 */
function loadedBy(program: string, forbidden: string): { heavy: string[]; koffi: boolean } {
  const hooks = `export async function resolve(specifier, context, next) {
    if (new RegExp(${JSON.stringify(forbidden)}).test(specifier)) throw new Error("imports " + specifier);
    return next(specifier, context);
  }`;
  const code = `
    import { createRequire, register } from "node:module";
    register("data:text/javascript," + encodeURIComponent(${JSON.stringify(hooks)}));
    const before = new Set(process.moduleLoadList);
    const socket = process.argv[1];
    const { createChannel, serve } = await import("@vyra/ipc");
    const { EchoService } = await import("../gen/vyra/test/echo_pb.js");
    const routes = (router) => router.service(EchoService, { unary: ({ text }) => ({ text }) });
    ${program}
    const added = process.moduleLoadList.filter((name) => !before.has(name)).map((name) => name.replace(/^\\w+ /, ""));
    const koffi = Object.keys(createRequire(import.meta.url + "/..").cache ?? {}).some((file) => /koffi/.test(file));
    console.log(JSON.stringify({ heavy: added.filter((name) => ${JSON.stringify(heavy)}.includes(name)), koffi }));`;
  const args = ["--no-warnings", "--input-type=module", "--eval", code, freshName()];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: here, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as { heavy: string[]; koffi: boolean };
}

const serving = "const server = await serve({ socket, routes, signals: false });";
const calling = (options = "{}") => `
  const channel = createChannel(socket, ${options});
  if ((await channel.client(EchoService).unary({ text: "hello" })).text !== "hello") process.exit(1);
  await channel.close();`;

describe("a process loads nothing that it does not use:", () => {
  it("importing the package loads neither a server, nor another engine, nor koffi", () => {
    assert.deepEqual(loadedBy("", `${packages}|${parts}`), { heavy: [], koffi: false });
  });

  it("a channel loads no part of a server", () => {
    assert.deepEqual(loadedBy("createChannel(socket);", `${packages}|${parts}`), { heavy: [], koffi: false });
  });

  it("a server and a client that call each other load no other engine and none of Node's HTTP", () => {
    const { heavy } = loadedBy(`${serving}${calling()} await server.close();`, packages);
    assert.deepEqual(heavy, []);
  });

  it("another engine is loaded when it is asked for, which shows that this would be noticed", () => {
    const { heavy } = loadedBy(`${serving}${calling(`{ engine: "node" }`)} await server.close();`, "^undici");
    assert.ok(heavy.includes("http2"), heavy.join());
    assert.throws(() => loadedBy(`${serving}${calling(`{ engine: "node" }`)}`, packages), /imports @connectrpc/);
  });
});
