import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Channel, createChannel, type Server, serve } from "@vyra/ipc";
import { MyModuleService } from "../src/gen/my_module_pb.js";
import { service } from "../src/service.js";

describe("MyModuleService", () => {
  let folder: string;
  let server: Server;
  let channel: Channel;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "my_module-"));
    const socket = join(folder, "test.sock"); // a separate folder, so that tests can run in parallel
    server = await serve({ socket, signals: false, routes: (router) => router.service(MyModuleService, service) });
    channel = createChannel(socket);
  });

  after(async () => {
    await channel.close();
    await server.close();
    await rm(folder, { recursive: true });
  });

  it("greets", async () => {
    const { text } = await channel.client(MyModuleService).greet({ name: "Ada" });
    assert.equal(text, "Hello, Ada!");
  });

  it("refuses to greet nobody", async () => {
    await assert.rejects(channel.client(MyModuleService).greet({}), (error) => {
      assert.equal(ConnectError.from(error).code, Code.InvalidArgument);
      return true;
    });
  });

  it("counts", async () => {
    const numbers: number[] = [];
    for await (const { number } of channel.client(MyModuleService).count({ to: 3 })) {
      numbers.push(number);
    }
    assert.deepEqual(numbers, [1, 2, 3]);
  });
});
