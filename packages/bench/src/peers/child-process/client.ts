import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Usage } from "../../contract/lines.js";
import { fail } from "../../load/connection.js";
import { programArguments } from "../../program/arguments.js";
import { clientProgram } from "../../program/client-program.js";
import type { Answer, Request } from "./messages.js";

const { job } = programArguments();
const child = fork(fileURLToPath(new URL("child.js", import.meta.url)), [JSON.stringify(job)], {
  serialization: "advanced", // the structured clone algorithm keeps bytes as they are
});
child.on("exit", () => process.exit(1));
process.on("exit", () => child.kill());

const waiting = new Map<number, (answer: Answer) => void>();
let calls = 0;
child.on("message", (answer: Answer) => {
  const answered = waiting.get(answer.id);
  waiting.delete(answer.id);
  answered?.(answer);
});

function ask(payload: Uint8Array | undefined, answered: (answer: Answer) => void): void {
  const id = calls++;
  waiting.set(id, answered);
  const request: Request = payload === undefined ? { id } : { id, payload };
  child.send(request, (error) => (error ? fail(error) : undefined));
}

const usageOfServer = () =>
  new Promise<Usage>((resolve) => ask(undefined, ({ usage }) => resolve(usage ?? { cpuUs: 0, rssBytes: 0 })));

await clientProgram(
  () => ({ call: (payload, done) => ask(payload, (answer) => done(answer.payload?.length ?? 0)) }),
  usageOfServer,
);
