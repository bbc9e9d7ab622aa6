/** How a field may be compressed (RFC 7541 §6.2). */
export const Indexing = {
  /** The field is added to the peer's table, so that next time it takes one byte. */
  YES: 0,
  /** The field is always a literal; an intermediary may index it. */
  NO: 1,
  /** The field is always a literal, also when an intermediary forwards it, since it is secret (RFC 7541 §7.1.3). */
  NEVER: 2,
} as const;
export type Indexing = (typeof Indexing)[keyof typeof Indexing];

/** The names of fields that are secret unless a block says otherwise. */
export const secretNames: readonly string[] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];

/** Tells whether a field outside a block is secret. */
export function isSecret(name: string): boolean {
  return secretNames.includes(name);
}
