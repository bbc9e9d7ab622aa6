import { ConnectionError, ErrorCode } from "../errors.js";
import { performance } from "../real-timers.js";

/**
 * What a peer may do that costs us work and it next to nothing. Each kind has a budget: a burst, a rate at which it refills,
 * and what useful work earns. A busy honest peer earns far more than it spends, so no count alone cuts it off; a hostile one
 * runs dry within one burst, and the connection ends with ENHANCE_YOUR_CALM. The clock is read only when a budget is empty.
 */

/**
 * Streams a client opens and resets: rapid reset, CVE-2023-44487. An honest client cancels all it has in flight at once
 * (16,384 streams by default), or a few thousand a second; each exchange completed earns one more. The attack runs
 * at 100,000 a second and completes none.
 */
export const RESET_BURST = 20_000;
export const RESETS_PER_SECOND = 2_000;

/**
 * Streams a peer makes us reset by breaking the rules: MadeYouReset, CVE-2025-8671, the same attack by the other hand. Honest
 * peers break no rules, except that they may open more streams than they may before they have read our settings.
 */
export const PROVOKED_RESET_BURST = 4_096;
export const PROVOKED_RESETS_PER_SECOND = 100;

/**
 * Frames that carry nothing: PING (CVE-2019-9512), empty DATA and CONTINUATION (CVE-2019-9518), PRIORITY, unknown frames,
 * WINDOW_UPDATE, RST_STREAM of streams long gone, informational responses. grpc-go pings once in each round trip while data
 * flows and updates windows twice for each frame: that is why DATA in either direction earns some back.
 */
export const CONTROL_BURST = 10_000;
export const CONTROL_PER_SECOND = 1_000;

/** DATA earns this much: a ping and two window updates. */
export const CONTROL_PER_DATA = 3;

/**
 * A DATA frame we send for the lack of window in pieces this small earns nothing, so that one-byte windows (CVE-2019-9511,
 * -9517) end with their updates' budget: 10,000 updates for 10,000 bytes.
 */
export const MIN_EARNING_DATA = 256;

/**
 * SETTINGS (CVE-2019-9515): each may change the window of every stream and must be acknowledged. Honest peers send one or two;
 * one that adapts its window, some a second.
 */
export const SETTINGS_BURST = 200;
export const SETTINGS_PER_SECOND = 20;

/**
 * Replies (acknowledgements, RST_STREAM) that wait because the peer reads nothing (CVE-2019-9512, -9514, -9515):
 * 30,000 of 17 bytes are 510 KB. More than any burst above, so that each flood is told by its own name.
 */
export const MAX_WAITING_REPLIES = 30_000;

/** A field block may take this many times its list's limit in bytes, for literals that Huffman code makes longer. */
export const BLOCK_BYTES_PER_LIST_BYTE = 2;

/** CONTINUATION frames for one block (CVE-2024-27316): at 16 KiB, 64 carry 1 MiB, more than any block may have. */
export const MAX_CONTINUATIONS = 64;

/** Informational responses to one request; each costs a callback. */
export const MAX_INFORMATIONAL = 64;

/** A budget that refills with time and with work. */
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

  /** False when it is overspent. */
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

/** Overrides for {@link AbuseGuard}, mainly for tests and for peers known to be odd. */
export interface AbuseLimits {
  /** CVE-2023-44487. Default 20,000 at once, then 2,000 a second. */
  readonly resetBurst?: number;
  /** CVE-2025-8671. Default 4,096 at once, then 100 a second. */
  readonly provokedResetBurst?: number;
  /** CVE-2019-9512, -9518, -9511. Default 10,000 at once, then 1,000 a second. */
  readonly controlBurst?: number;
  /** CVE-2019-9515. Default 200 at once, then 20 a second. */
  readonly settingsBurst?: number;
}

/** The budgets of one connection. Each `count…` throws the ConnectionError that ends it. */
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

  /** A frame that answers one of the peer's. */
  countReply(): void {
    if (++this.waitingReplies > MAX_WAITING_REPLIES)
      throw enhanceYourCalm("replies the peer does not read (CVE-2019-9514)");
  }

  /** The peer has read what there was. */
  outputDrained(): void {
    this.waitingReplies = 0;
  }
}

export function enhanceYourCalm(what: string): ConnectionError {
  return new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, `too many ${what}`);
}
