import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { IpcHandler, type Server, serve } from "@vyra/ipc";
import { BackendService, ModuleService } from "@vyra/ipc/proto";

describe("IpcHandler", () => {
  let folder: string;
  let socket: string;
  let server: Server;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "vyra-"));
    socket = join(folder, "x.sock");
    server = await serve({
      socket,
      signals: false,
      routes: (router) =>
        router
          .service(BackendService, {
            getStatus: () => ({ status: "running", uptimeSeconds: 2n ** 40n }),
            processData: ({ data }) => ({ result: data.toUpperCase() }),
          })
          .service(ModuleService, {
            executeCommand: ({ command, parameters }) => ({ statusCode: 3, result: `${command} ${parameters.x}` }),
          }),
    });
  });
  after(async () => {
    await server.close();
    assert.deepEqual(readdirSync(folder), []);
    rmSync(folder, { recursive: true });
  });
  const handlers: { disconnect(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const handler of handlers.splice(0)) {
      await handler.disconnect();
    }
  });
  function backend() {
    const handler = new IpcHandler({ socket, service: BackendService });
    handlers.push(handler);
    return handler;
  }
  const codeOf = (code: Code) => (error: unknown) => error instanceof ConnectError && error.code === code;

  it("calls methods by their names in proto or in clients, with types", async () => {
    const handler = backend();
    await handler.connect();
    const status = await handler.callMethod("GetStatus", {});
    const query = { data: "in a variable" };
    assert.equal((await handler.callMethod("ProcessData", query)).result, "IN A VARIABLE");
    // @ts-expect-error: a wrong request is a compile-time error
    await handler.callMethod("ProcessData", { dat: "" });
    const typed: { status: string; uptimeSeconds: bigint } = status;
    assert.deepEqual([typed.status, typed.uptimeSeconds], ["running", 2n ** 40n]);
    assert.equal((await handler.callMethod("processData", { data: "abc" })).result, "ABC");

    const moduleHandler = new IpcHandler({ socket, service: ModuleService });
    handlers.push(moduleHandler);
    await moduleHandler.connect();
    const response = await moduleHandler.callMethod("ExecuteCommand", { command: "go", parameters: { x: "y" } });
    assert.deepEqual([response.statusCode, response.result], [3, "go y"]);
    await assert.rejects(moduleHandler.callMethod("Initialize", { configPath: "/x" }), codeOf(Code.Unimplemented));
  });

  it("accepts a name that is only known at run time", async () => {
    const handler = backend();
    await handler.connect();
    const name: string = ["Get", "Status"].join("");
    assert.equal(((await handler.callMethod(name, {})) as { status: string }).status, "running");
  });

  it("lists the methods if the name is unknown", async () => {
    const handler = backend();
    await handler.connect();
    await assert.rejects(
      handler.callMethod("GetStatsu" as string, {}) as Promise<unknown>,
      (error) =>
        codeOf(Code.Unimplemented)(error) &&
        /vyra\.ipc\.BackendService has no method "GetStatsu": it has GetStatus, ProcessData/.test(String(error)),
    );
    await assert.rejects(
      handler.callMethod("constructor" as string, {}) as Promise<unknown>,
      codeOf(Code.Unimplemented),
    );
  });

  it("must be connected first, and can be connected again", async () => {
    const handler = backend();
    await assert.rejects(handler.callMethod("GetStatus", {}), codeOf(Code.FailedPrecondition));
    await handler.connect();
    await handler.connect();
    await handler.disconnect();
    await handler.disconnect();
    await assert.rejects(handler.callMethod("GetStatus", {}), codeOf(Code.FailedPrecondition));
    await handler.connect();
    assert.equal((await handler.callMethod("GetStatus", {})).status, "running");
  });

  it("fails to connect with Unavailable if there is no server", async () => {
    const handler = new IpcHandler({ socket: join(folder, "nobody.sock"), service: BackendService });
    await assert.rejects(handler.connect({ timeoutMs: 20 }), codeOf(Code.Unavailable));
    await assert.rejects(handler.callMethod("GetStatus", {}), codeOf(Code.FailedPrecondition));
  });
});
