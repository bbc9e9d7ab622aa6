import { connect, type Socket } from "node:net";
import { credentialsOf, isOwnUserOrRoot, type Published } from "../../address/index.js";
import { clearTimeout, setTimeout } from "../../time/real-timers.js";

/**
 * The protocol by which a server hands its address to the next one without a moment in which callers find nobody. It
 * uses the socket itself and has four lines:
 *
 * ```
 * new  VYRA TAKEOVER/1     asks for the address
 * old  FREE                the lock is free; the old socket is still published
 * new  TAKEN               the new socket has replaced it, in one rename
 * old  BYE                 the old server accepts what has queued up, and drains
 * ```
 *
 * If the new server goes away before TAKEN, the old one takes its lock back and continues. Of several that ask, one is
 * answered at a time. Only processes of the same user, or root, are answered.
 */
const ask = "VYRA TAKEOVER/1\n";
const free = "FREE\n";
const taken = "TAKEN\n";
const bye = "BYE\n";

/** How long the other server may take to answer, in milliseconds. */
const answerTimeoutMs = 5_000;

/** Tells whether these first bytes of a connection ask for a takeover. */
export function asksForTakeover(head: Buffer): boolean {
  return head.toString("latin1") === ask;
}

/** Tells whether the peer of this connection may take over the address. */
export function mayTakeOver(socket: Socket): boolean {
  const uid = credentialsOf(socket)?.uid;
  return uid !== undefined && isOwnUserOrRoot(uid);
}

/**
 * Offers the address, on the side of the old server. Returns whether the new server has taken it; if not, the lock must
 * be taken back.
 */
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

/** An address that is being handed over. */
export interface Takeover {
  /** Confirms that the new socket is published. */
  confirm(): Promise<void>;
  /** Declines, so that the old server continues. */
  cancel(): void;
}

/**
 * Asks the server at the path to hand over the address, on the side of the new server.
 *
 * @returns undefined if nobody is there or the server does not hand it over; publishing shows which
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

/** Returns a function that reads one line; "" if the other server is gone or silent. */
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
