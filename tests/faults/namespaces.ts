import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { lstatSync, readFileSync } from "node:fs";
import { CannotBeTried, client, type Fault, isServed } from "./fault.js";
import { Process } from "./process.js";

const before = ["unshare", "--pid", "--net", "--fork", "--kill-child"];

/** Servers and clients run as in containers that share a folder: each has its own process ids and its own network. */
export const namespaces: Fault = async ({ socket, engine }) => {
  if (spawnSync(before[0] ?? "", [...before.slice(1), "true"]).status !== 0) {
    throw new CannotBeTried("this machine has no unshare that we may use");
  }
  const order = { options: { socket, engine } };
  const first = new Process({ before });
  const answer = await first.trySocket(order);
  assert.ok(answer.did === "serving" && answer.pid === 1, "in its namespace it is process 1");
  assert.equal(readFileSync(`${socket}.lock`, "utf8").split("\n")[0], "1", "what a pid file would say");

  const { channel, echo, close } = client(socket);
  assert.equal((await echo.unary({ text: "across" })).text, "across");
  const seenPid = channel.peer?.pid ?? 0;
  assert.ok(
    seenPid > 1 && readFileSync(`/proc/${seenPid}/cmdline`, "utf8").includes("child.js"),
    "the pid as seen here",
  );

  const { ino } = lstatSync(socket);
  const messages: string[] = [];
  for (const other of [new Process({ before }), new Process()]) {
    const refused = await other.trySocket(order);
    assert.ok(refused.did === "failed" && refused.name === "AddressInUseError", JSON.stringify(refused));
    assert.match(refused.message, /in use by another process:/, "the pid in the lock file means nothing there");
    messages.push(refused.message);
    await other.kill();
  }
  assert.equal(lstatSync(socket).ino, ino);
  await isServed(socket);

  const heir = await new Process({ before }).serve({ options: { ...order.options, takeover: true } });
  await first.answer("ended");
  assert.equal((await echo.unary({ text: "taken over" })).text, "taken over");
  await heir.kill();
  await first.kill();
  const next = await new Process({ before }).serve(order);
  assert.equal((await echo.unary({ text: "after a kill" })).text, "after a kill");
  await close();
  await next.kill();
  return [
    `a server that is process 1 in its own namespaces was called from here, its pid seen as ${seenPid}`,
    `starters in two other namespaces got AddressInUseError (${messages.length}, naming no pid)`,
    "takeover, kill and new start across namespaces succeeded",
  ].join("; ");
};
