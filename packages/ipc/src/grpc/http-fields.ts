/**
 * Fields that belong to HTTP and are not metadata: those of a connection (RFC 9113 §8.2.2), and those that describe a
 * body or name the peer.
 */
export const httpFields: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Tells whether a field of this name, in lower case, is never sent as metadata. Users can neither set such a field nor
 * break a call by trying.
 */
export function isHttpField(name: string): boolean {
  return httpFields.has(name);
}
