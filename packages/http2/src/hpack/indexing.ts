/** How a field may be compressed (RFC 7541 §6.2). */
export const Indexing = {
  /** enter it in the peer's table, so that next time it is one byte */
  YES: 0,
  /** a literal each time; someone in between may decide otherwise */
  NO: 1,
  /** a literal each time, and for everyone who passes it on (RFC 7541 §7.1.3): secrets */
  NEVER: 2,
} as const;
export type Indexing = (typeof Indexing)[keyof typeof Indexing];

/** Names of fields that are secrets unless a block says otherwise. */
export const secretNames: readonly string[] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];

/** Whether a field outside a block is a secret. */
export function isSecret(name: string): boolean {
  return secretNames.includes(name);
}
