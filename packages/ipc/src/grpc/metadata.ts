/**
 * Metadata as users see it, `Headers`, and as HTTP/2 carries it, a flat list of names and values. What belongs to HTTP/2 or
 * gRPC itself is not metadata: users can neither set it nor break a call by trying. Those are the fields of a connection (RFC
 * 9113 §8.2.2), those that describe the body (RFC 9110 §8) and its parts, and the ones to which gRPC's PROTOCOL-HTTP2 gives a
 * meaning. Pseudo-header fields are no `Headers`. `user-agent` is the caller's to set, as in Connect.
 */
const reserved = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "grpc-accept-encoding",
  "grpc-encoding",
  "grpc-message",
  "grpc-message-type",
  "grpc-status",
  "grpc-status-details-bin",
  "grpc-timeout",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** The metadata in these headers, as fields to send. */
export function fieldsOf(headers: Headers): string[] {
  const fields: string[] = [];
  for (const [name, value] of headers) {
    if (!reserved.has(name)) {
      for (const one of valuesOf(name, value)) {
        fields.push(name, one);
      }
    }
  }
  return fields;
}

/**
 * A header's values as fields of their own where that can be told: `Headers` joins repeated ones with ", ", and gRPC's C++
 * and Go libraries do not take a "-bin" value apart but refuse it as bad base64; C++ 1.51 even ends the connection.
 */
export function valuesOf(name: string, value: string): string[] {
  return name.endsWith("-bin") && value.includes(",") ? value.split(",").map((one) => one.trim()) : [value];
}

/** Received fields as headers, without the pseudo-header fields of HTTP/2. */
export function headersOf(fields: readonly string[], extra: readonly string[]): Headers {
  const headers = new Headers();
  append(headers, fields);
  append(headers, extra);
  return headers;
}

function append(headers: Headers, fields: readonly string[]): void {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    if (!name.startsWith(":")) {
      headers.append(name, fields[i + 1] as string);
    }
  }
}

/** The value of a field by its name in lower case, the extra fields first; undefined where there is none. */
export function fieldOf(name: string, fields: readonly string[], extra: readonly string[]): string | undefined {
  return find(name, extra) ?? find(name, fields);
}

function find(name: string, fields: readonly string[]): string | undefined {
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] === name) {
      return fields[i + 1];
    }
  }
  return undefined;
}
