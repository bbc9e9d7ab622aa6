/** An empty list of fields, for everything that has none. */
export const NO_FIELDS: readonly string[] = Object.freeze([]);

/**
 * A decoded field block. If the peer repeats a block byte for byte, the same object is returned again, so what a caller
 * derives from the fields may be kept in `memo`.
 */
export class HeaderList {
  /** The fields in the order received, including pseudo-header fields: name, value, name, value … Do not modify it. */
  readonly fields: readonly string[];
  /**
   * The size in bytes, as SETTINGS_MAX_HEADER_LIST_SIZE counts it (RFC 9113 §6.5.2): 32 per field plus name and value.
   */
  readonly size: number;
  /** The names of the fields that may be forwarded only as never-indexed literals (RFC 7541 §6.2.3). Mostly empty. */
  readonly neverIndexed: readonly string[];
  /** Whether the list exceeded our limit, so that `fields` is incomplete. Callbacks never receive such a list. */
  readonly oversized: boolean;
  /** Any value that the caller wants to keep with the list, for as long as this object lives. Default: undefined. */
  memo: unknown = undefined;
  /** @internal The kind of list (see receive/message-rules.ts) for which `problem` has been determined, or -1. */
  checkedRole = -1;
  /** @internal What makes the list malformed, or null. */
  problem: string | null = null;
  /** The value of content-length, or -1 if there is none. */
  contentLength = -1;
  /** The value of `:status`, or 0 if there is none. */
  status = 0;

  /** @internal */
  constructor(fields: readonly string[], size: number, neverIndexed: readonly string[] = NO_FIELDS, oversized = false) {
    this.fields = fields;
    this.size = size;
    this.neverIndexed = neverIndexed;
    this.oversized = oversized;
  }
}
