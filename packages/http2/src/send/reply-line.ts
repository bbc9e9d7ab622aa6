import { nextTick, setImmediate } from "../real-timers.js";

/*
 * When the replies of many connections leave. A write to a peer that sleeps in the kernel must wake it, which takes
 * several times as long as the write itself. If one process has many of the peers, it deals with a reply sooner than
 * this process has the next one ready, and sleeps again. The replies of a crowd of connections therefore form a line
 * and are written one right after the other: the first wakes the peer, and the others arrive while it is busy.
 */

/** The number of connections that reply at once in a turn. Those that follow form a line. */
export const MAX_AT_ONCE = 8;

/** The length at which a line is written before the end of the turn, so that both sides work at the same time. */
export const MAX_LINE = 32;

/** The output of a connection. */
export interface Replier {
  write(): void;
}

const line: Replier[] = [];

/**
 * How often bytes were received on another connection than before. The count starts anew at the end of a turn in which
 * it has reached `MAX_AT_ONCE`: waiting for the end of every turn would cost more than it saves.
 */
let changes = 0;

/** Counts that the bytes being processed were received on another connection than those before. */
export function countReplier(): void {
  if (++changes === MAX_AT_ONCE) setImmediate(endTurn);
}

/**
 * Schedules the write of a connection's replies: for when the event that they reply to and its promise jobs are done,
 * or with the replies of others, at the end of this turn at the latest.
 */
export function scheduleReplies(replier: Replier): void {
  if (changes <= MAX_AT_ONCE) {
    nextTick(writeReplies, replier);
    return;
  }
  line.push(replier);
  if (line.length === MAX_LINE) nextTick(writeLine);
}

function writeReplies(replier: Replier): void {
  replier.write();
}

function writeLine(): void {
  for (const replier of line.splice(0)) replier.write();
}

function endTurn(): void {
  changes = 0;
  writeLine();
}
