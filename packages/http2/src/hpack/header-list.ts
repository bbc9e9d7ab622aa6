/** Shared by everything that has no fields. */
export const NO_FIELDS: readonly string[] = Object.freeze([]);

/**
 * A decoded field block. A block that a peer repeats byte for byte is decoded once and handed up as the very same object, so
 * what is worked out from its fields may be kept in `memo`.
 */
export class HeaderList {
  /** Name, value, name, value …, in the order received, pseudo-header fields included. Do not modify. */
  readonly fields: readonly string[];
  /** As SETTINGS_MAX_HEADER_LIST_SIZE counts it (RFC 9113 §6.5.2): 32 bytes a field besides its name and value. */
  readonly size: number;
  /** Names of the fields that must be sent on as never-indexed literals only (RFC 7541 §6.2.3); mostly none. */
  readonly neverIndexed: readonly string[];
  /** The list was larger than allowed, and `fields` is cut short. Such a list does not leave this library. */
  readonly oversized: boolean;
  /** The caller's own, undefined at first; it lives as long as this object. */
  memo: unknown = undefined;
  /** What receive/message-rules.ts found, for the role it was last asked about. */
  checkedRole = -1;
  problem: string | null = null;
  /** From content-length: -1 when there is none. */
  contentLength = -1;
  /** From :status: 0 when there is none. */
  status = 0;

  constructor(fields: readonly string[], size: number, neverIndexed: readonly string[] = NO_FIELDS, oversized = false) {
    this.fields = fields;
    this.size = size;
    this.neverIndexed = neverIndexed;
    this.oversized = oversized;
  }
}
