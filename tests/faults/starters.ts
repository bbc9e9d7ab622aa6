import assert from "node:assert/strict";
import { lstatSync } from "node:fs";
import { type Fault, isServed } from "./fault.js";
import { Process } from "./process.js";

/** Many processes start on one name at once: on a free name, and on one that a killed server left. */
export const starters: Fault = async ({ socket, engine, quick }) => {
  const rounds = quick ? 15 : 100;
  const processes = Array.from({ length: 6 }, () => new Process());
  await Promise.all(processes.map((process) => process.answer("begun")));
  let refused = 0;
  let overDeadSockets = 0;
  for (let round = 0; round < rounds; round++) {
    overDeadSockets += lstatSync(socket, { throwIfNoEntry: false }) === undefined ? 0 : 1;
    const order = { options: { socket, engine, graceMs: 200 } };
    const outcomes = await Promise.all(
      processes.map(async (process) => ({ process, answer: await process.trySocket(order) })),
    );
    const winners = outcomes.filter(({ answer }) => answer.did === "serving");
    assert.equal(winners.length, 1, `round ${round}: ${winners.length} servers believe to own the name`);
    for (const { answer } of outcomes) {
      if (answer.did === "failed") {
        assert.equal(answer.name, "AddressInUseError", answer.message);
        refused++;
      }
    }
    const winner = winners[0]?.process as Process;
    const { ino } = lstatSync(socket);
    await isServed(socket);
    assert.equal(lstatSync(socket).ino, ino, "the socket has changed under its server");
    assert.deepEqual(winner.complaints, []);
    if (round % 3 === 2) {
      await winner.kill();
      const next = new Process();
      await next.answer("begun");
      processes[processes.indexOf(winner)] = next;
    } else {
      winner.tell({ do: "close" });
      await winner.answer("closed");
      assert.equal(lstatSync(socket, { throwIfNoEntry: false }), undefined, "a closed server's socket is still there");
    }
  }
  return [
    `${rounds} rounds of ${processes.length} processes, ${overDeadSockets} of them over a dead socket: ` +
      `${rounds} won, ${refused} got AddressInUseError, every winner answered`,
  ].join("; ");
};
