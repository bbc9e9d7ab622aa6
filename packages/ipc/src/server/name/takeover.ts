import { connect, type Socket } from "node:net";
import { credentialsOf, isOwnUserOrRoot, type Published } from "../../address/index.js";
import { clearTimeout, setTimeout } from "../../time/real-timers.js";

/**
 * How a server hands its name to the next one, so that no caller finds nobody there. On the socket itself, in four lines:
 *
 * ```
 * new  VYRA TAKEOVER/1     may I?
 * old  FREE                the lock is free; my socket is still at its name
 * new  TAKEN               my socket is at the name, in one rename
 * old  BYE                 then I accept what has queued up, and drain
 * ```
 *
 * If the new one goes away before it has said TAKEN, the old one takes its lock back and goes on. Of several that ask, one is
 * answered at a time. Only a process of the same user, or root, is listened to.
 */
const ask = "VYRA TAKEOVER/1\n";
const free = "FREE\n";
const taken = "TAKEN\n";
const bye = "BYE\n";

/** For how long the other one may take to answer, in milliseconds. */
const answerTimeoutMs = 5_000;

/** Whether these are the first bytes of somebody who asks for the name. */
export function asksForTakeover(head: Buffer): boolean {
  return head.toString("latin1") === ask;
}

/** Whether whoever asks for the name may have it. */
export function mayTakeOver(socket: Socket): boolean {
  const uid = credentialsOf(socket)?.uid;
  return uid !== undefined && isOwnUserOrRoot(uid);
}

/** The old server's side: offers the name. Returns whether the new server has taken it; if not, the lock is still to be taken back. */
export async function handOver(socket: Socket, published: Published): Promise<boolean> {
  const lines = readLines(socket);
  published.offer();
  socket.write(free);
  if ((await lines()) !== taken) {
    socket.destroy();
    return false;
  }
  socket.end(bye);
  return true;
}

/** A name that is being handed over. */
export interface Takeover {
  /** Says that the new socket is at its name. */
  confirm(): Promise<void>;
  /** Says that it will not be; the old server goes on. */
  cancel(): void;
}

/**
 * The new server's side: asks whoever serves at the path to hand it over.
 *
 * @returns undefined if nobody is there, or somebody who does not: to publish tells which.
 */
export async function askForTakeover(path: string): Promise<Takeover | undefined> {
  const socket = connect({ path });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
  } catch {
    return undefined;
  }
  socket.on("error", () => {});
  const lines = readLines(socket);
  socket.write(ask);
  if ((await lines()) !== free) {
    socket.destroy();
    return undefined;
  }
  return {
    async confirm() {
      socket.write(taken);
      await lines();
      socket.destroy();
    },
    cancel: () => socket.destroy(),
  };
}

/** Reads a line at a time; "" when the other one is gone or says nothing. */
function readLines(socket: Socket): () => Promise<string> {
  let text = "";
  let isOver = false;
  let wake = () => {};
  const add = (chunk: string | Buffer) => {
    text += chunk.toString("latin1");
    wake();
  };
  const end = () => {
    isOver = true;
    wake();
  };
  socket.on("data", add);
  socket.once("close", end);
  socket.once("end", end);
  socket.resume();
  return async () => {
    const timer = setTimeout(end, answerTimeoutMs);
    while (!text.includes("\n") && !isOver && text.length < 64) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    clearTimeout(timer);
    const line = text.slice(0, text.indexOf("\n") + 1);
    text = text.slice(line.length);
    return line;
  };
}
