import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Code } from "@connectrpc/connect";
import { CannotBeTried, client, type Fault, failsWith, isServed, type Scene } from "./fault.js";
import { Process } from "./process.js";

/** A server starts on a file system that is full, has no free inodes, or is read-only. */
export const noSpace: Fault = async ({ folder, engine }) => {
  const disk = join(folder, "disk");
  const socket = join(disk, "x.sock");
  const order = { options: { socket, engine } };
  const figures: string[] = [];
  mkdirSync(disk);
  // One page of content; seven files besides the folder itself.
  mount(["-t", "tmpfs", "-o", "size=4k,nr_inodes=8", "tmpfs", disk]);
  try {
    const process = new Process();
    const filler = join(disk, "filler");
    writeFileSync(filler, Buffer.alloc(4096));
    const answer = await process.trySocket(order);
    assert.ok(answer.did === "failed" && answer.name === "AddressError", `no space: ${JSON.stringify(answer)}`);
    assert.match(answer.message, /ENOSPC.*no space left/);
    assert.deepEqual(readdirSync(disk), ["filler"], "files left behind");
    rmSync(filler);
    figures.push("no space: AddressError");

    for (let spare = 0; ; spare++) {
      const fillers = Array.from({ length: 7 - spare }, (_, index) => `f${index}`);
      for (const name of fillers) {
        writeFileSync(join(disk, name), "");
      }
      const answer = await process.trySocket(order);
      if (answer.did === "serving") {
        await isServed(socket);
        figures.push(`fewer than ${spare} files to be had: AddressError each time, nothing left behind`);
        break;
      }
      assert.equal(answer.name, "AddressError", answer.message);
      assert.match(answer.message, /ENOSPC.*no space left/);
      assert.deepEqual(readdirSync(disk).sort(), fillers, `files left behind with ${spare} to spare`);
      for (const name of fillers) {
        rmSync(join(disk, name));
      }
    }
    process.tell({ do: "close" });
    await process.answer("closed");

    mount(["-o", "remount,ro", disk]);
    const readOnly = await process.trySocket(order);
    assert.ok(readOnly.did === "failed" && readOnly.name === "AddressError", JSON.stringify(readOnly));
    assert.match(readOnly.message, /EROFS.*read-only/);
    mount(["-o", "remount,rw", disk]);
    await process.serve(order);
    await isServed(socket);
    await process.kill();
    figures.push("read-only: AddressError; served once it was writable");
  } finally {
    spawnSync("umount", ["--lazy", disk]);
  }
  return figures.join("; ");
};

function mount(args: string[]): void {
  const { status, stderr } = spawnSync("mount", args, { encoding: "utf8" });
  if (status !== 0) {
    throw new CannotBeTried(`this machine does not let us mount: ${stderr ?? ""}`);
  }
}

/** A process has no file descriptors left. */
export const noDescriptors: Fault = async (scene) => {
  const { socket, engine } = scene;
  const refusals = await startWithFew(scene);
  const server = await limited();
  await server.serve({ options: { socket, engine } });
  const early = client(socket);
  await early.echo.unary({});
  server.tell({ do: "hold descriptors", spare: 0 });
  await server.answer("held");
  const newcomer = client(socket);
  for (let i = 0; i < 10; i++) {
    assert.equal((await early.echo.unary({ text: "early" })).text, "early");
    await failsWith(newcomer.echo.unary({}, { timeoutMs: 1_000 }), Code.Unavailable, Code.DeadlineExceeded);
  }
  server.tell({ do: "free descriptors" });
  await server.answer("freed");
  assert.equal((await newcomer.echo.unary({ text: "late" })).text, "late");
  assert.equal((await early.echo.unary({ text: "early" })).text, "early");
  await early.close();
  await newcomer.close();
  await server.kill();
  return [
    `at the start: ${refusals} times an AddressError with nothing left behind, until there were enough`,
    "under a running server: 10 newcomers got Unavailable, the connection that was there lost no call, " +
      "newcomers were served once there were descriptors",
  ].join("; ");
};

/** Starts with no spare descriptor, then one, then two, until it succeeds. */
async function startWithFew({ folder, socket, engine }: Scene): Promise<number> {
  for (let spare = 0; ; spare++) {
    assert.ok(spare < 30, "does not start with 30 descriptors either");
    const process = await limited();
    process.tell({ do: "hold descriptors", spare });
    await process.answer("held");
    const answer = await process.trySocket({ options: { socket, engine } });
    if (answer.did === "serving") {
      await process.kill();
      return spare;
    }
    assert.equal(answer.name, "AddressError", `${spare} to spare: ${answer.name}: ${answer.message}`);
    assert.match(answer.message, /EMFILE|too many open files/i, `${spare} to spare`);
    assert.deepEqual(readdirSync(folder), [], `files left behind with ${spare} to spare`);
    // Node.js does not retry to load a module after it failed once, so each attempt needs a new process.
    await process.kill();
    const next = await new Process().serve({ options: { socket, engine } });
    await isServed(socket);
    next.tell({ do: "close" });
    await next.answer("closed");
    await next.kill();
  }
}

async function limited(): Promise<Process> {
  const process = new Process({ before: ["sh", "-c", 'ulimit -n 256; exec "$0" "$@"'] });
  await process.answer("begun");
  return process;
}
