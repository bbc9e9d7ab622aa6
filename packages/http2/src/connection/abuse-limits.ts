import { ConnectionError, ErrorCode } from "../errors.js";
import { performance } from "../real-timers.js";

/*
 * Limits on what a peer may do that costs us work and costs the peer almost nothing. Each kind of event has a budget: a
 * burst, a rate at which the budget refills, and an amount that useful work earns back. A busy honest peer earns far
 * more than it spends, so it is not cut off by the number of events alone. A hostile peer uses up one burst, and the
 * connection then ends with ENHANCE_YOUR_CALM. The clock is read only when a budget is empty.
 */

/**
 * The number of streams that a client may open and reset at once ("rapid reset", CVE-2023-44487). An honest client
 * cancels all streams that it has in flight (16,384 by default), or a few thousand per second, and each completed
 * exchange earns one more reset. The attack runs at 100,000 per second and completes no exchange.
 */
export const RESET_BURST = 20_000;
export const RESETS_PER_SECOND = 2_000;

/**
 * The number of streams that a peer may make us reset at once by breaking the protocol ("MadeYouReset", CVE-2025-8671):
 * the server sends the RST_STREAM, but the cost is that of rapid reset. An honest peer breaks no rule, except that it
 * may exceed our limit on concurrent streams before it has read our settings.
 */
export const PROVOKED_RESET_BURST = 4_096;
export const PROVOKED_RESETS_PER_SECOND = 100;

/**
 * The number of frames without content that a peer may send at once: PING (CVE-2019-9512), empty DATA and CONTINUATION
 * (CVE-2019-9518), PRIORITY, unknown frames, WINDOW_UPDATE, RST_STREAM for closed streams, and informational responses.
 * While data flows, grpc-go sends one PING per round trip and two WINDOW_UPDATE per frame, which is why DATA in either
 * direction earns some of the budget back.
 */
export const CONTROL_BURST = 10_000;
export const CONTROL_PER_SECOND = 1_000;

/** The number of control frames that one DATA frame earns: one PING and two WINDOW_UPDATE. */
export const CONTROL_PER_DATA = 3;

/**
 * The smallest DATA frame, in bytes, that earns anything when the peer's window cut it short. A peer that opens its
 * window byte by byte (CVE-2019-9511, -9517) thus runs out of its budget after 10,000 updates for 10,000 bytes.
 */
export const MIN_EARNING_DATA = 256;

/**
 * The number of SETTINGS frames that a peer may send at once (CVE-2019-9515). Each of them may change the window of
 * every stream and must be acknowledged. An honest peer sends one or two; one that adapts its window sends a few per
 * second.
 */
export const SETTINGS_BURST = 200;
export const SETTINGS_PER_SECOND = 20;

/**
 * The number of replies (acknowledgements, RST_STREAM) that may wait because the peer does not read (CVE-2019-9512,
 * -9514, -9515): 30,000 replies of 17 bytes are 510 KB. It is larger than every burst above, so that each flood is
 * reported under its own name.
 */
export const MAX_WAITING_REPLIES = 30_000;

/**
 * The size of a field block relative to the limit of its decoded field list: literals that Huffman coding makes longer
 * need more bytes in the block than in the list.
 */
export const BLOCK_BYTES_PER_LIST_BYTE = 2;

/**
 * The number of CONTINUATION frames in one field block (CVE-2024-27316). With frames of 16 KiB, 64 of them carry 1 MiB,
 * which is more than any block may have.
 */
export const MAX_CONTINUATIONS = 64;

/** The number of informational responses to one request. Each of them costs a callback. */
export const MAX_INFORMATIONAL = 64;

/** A token bucket that refills with time and with useful work. */
export class Budget {
  private tokens: number;
  private readonly burst: number;
  private readonly perSecond: number;
  private filledAt = performance.now();

  constructor(burst: number, perSecond: number) {
    this.tokens = burst;
    this.burst = burst;
    this.perSecond = perSecond;
  }

  earn(amount: number): void {
    if (this.tokens < this.burst) this.tokens += amount;
  }

  /** Spends tokens. @returns false if the budget is exhausted */
  spend(amount: number): boolean {
    this.tokens -= amount;
    return this.tokens >= 0 || this.refill();
  }

  private refill(): boolean {
    const now = performance.now();
    const gained = ((now - this.filledAt) * this.perSecond) / 1000;
    this.filledAt = now;
    this.tokens = Math.min(this.burst, this.tokens + gained);
    return this.tokens >= 0;
  }
}

/** The sizes of a connection's abuse budgets, mainly for tests and for peers that are known to behave unusually. */
export interface AbuseLimits {
  /** The number of streams that a client may open and reset at once (CVE-2023-44487). Default: 20,000, then 2,000/s. */
  readonly resetBurst?: number;
  /** The number of stream errors that a peer may cause at once (CVE-2025-8671). Default: 4,096, then 100/s. */
  readonly provokedResetBurst?: number;
  /** The number of frames without content at once (CVE-2019-9512, -9518, -9511). Default: 10,000, then 1,000/s. */
  readonly controlBurst?: number;
  /** The number of SETTINGS frames at once (CVE-2019-9515). Default: 200, then 20/s. */
  readonly settingsBurst?: number;
}

/** The abuse budgets of one connection. Each `count…` method throws the ConnectionError that ends the connection. */
export class AbuseGuard {
  private readonly resets: Budget;
  private readonly provokedResets: Budget;
  private readonly control: Budget;
  private readonly settings: Budget;
  private waitingReplies = 0;

  constructor(limits: AbuseLimits = {}) {
    this.resets = new Budget(limits.resetBurst ?? RESET_BURST, RESETS_PER_SECOND);
    this.provokedResets = new Budget(limits.provokedResetBurst ?? PROVOKED_RESET_BURST, PROVOKED_RESETS_PER_SECOND);
    this.control = new Budget(limits.controlBurst ?? CONTROL_BURST, CONTROL_PER_SECOND);
    this.settings = new Budget(limits.settingsBurst ?? SETTINGS_BURST, SETTINGS_PER_SECOND);
  }

  exchangeCompleted(): void {
    this.resets.earn(1);
  }

  dataMoved(): void {
    this.control.earn(CONTROL_PER_DATA);
  }

  countReset(): void {
    if (!this.resets.spend(1)) throw enhanceYourCalm("streams opened and reset (CVE-2023-44487)");
  }

  countProvokedReset(): void {
    if (!this.provokedResets.spend(1)) throw enhanceYourCalm("stream errors (CVE-2025-8671)");
    this.countReply();
  }

  countControl(): void {
    if (!this.control.spend(1)) throw enhanceYourCalm("frames without content (CVE-2019-9512, -9518)");
  }

  countSettings(): void {
    if (!this.settings.spend(1)) throw enhanceYourCalm("settings frames (CVE-2019-9515)");
    this.countReply();
  }

  /** Counts a frame that replies to a frame of the peer. */
  countReply(): void {
    if (++this.waitingReplies > MAX_WAITING_REPLIES)
      throw enhanceYourCalm("replies the peer does not read (CVE-2019-9514)");
  }

  /** Resets the count of waiting replies: the peer has read all of them. */
  outputDrained(): void {
    this.waitingReplies = 0;
  }
}

/** Returns the error for a peer that has exceeded one of the limits above. */
export function enhanceYourCalm(what: string): ConnectionError {
  return new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, `too many ${what}`);
}
