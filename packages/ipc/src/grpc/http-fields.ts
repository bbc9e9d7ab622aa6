/** What is no metadata but belongs to HTTP itself: RFC 9113 §8.2.2, and what describes a body or names the peer. */
const httpFields = new Set([
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

/** Whether a field of this name, in lower case, is not sent as metadata: users can neither set it nor break a call by trying. */
export function isHttpField(name: string): boolean {
  return httpFields.has(name);
}
