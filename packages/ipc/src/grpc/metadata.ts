import { FieldHeaders, joined } from "./field-headers.js";
import { httpFields } from "./http-fields.js";

/**
 * Metadata has two forms: `Headers` for users, and a flat list of names and values for HTTP/2. The names in this set
 * are not metadata, since they belong to HTTP/2 or to gRPC itself: the fields of a connection (RFC 9113 §8.2.2), those
 * that describe the body (RFC 9110 §8) and its parts, and those to which gRPC's PROTOCOL-HTTP2 gives a meaning. Users
 * can neither set them nor break a call by trying. Pseudo-header fields cannot be in `Headers`. `user-agent` is not
 * reserved: the caller may set it, as in Connect.
 */
const reserved = new Set([
  ...httpFields,
  "content-encoding",
  "content-type",
  "grpc-accept-encoding",
  "grpc-encoding",
  "grpc-message",
  "grpc-message-type",
  "grpc-status",
  "grpc-status-details-bin",
  "grpc-timeout",
  "te",
]);

/**
 * Returns the metadata in these headers as a flat list of fields to send: name, value, name, value.
 *
 * @param known a list of fields at the beginning of the headers which is not metadata, so that it need not be searched
 */
export function fieldsOf(headers: Headers, known: readonly string[] = none): string[] {
  const fields: string[] = [];
  if (!FieldHeaders.forEachList(headers, known, (list) => addMetadata(fields, list))) {
    for (const [name, value] of headers) {
      addField(fields, name, value);
    }
  }
  return fields;
}

function addMetadata(fields: string[], list: readonly string[]): void {
  for (let i = 0; i < list.length; i += 2) {
    addField(fields, list[i] as string, list[i + 1] as string);
  }
}

/** Adds a field unless its name is reserved. A repeated name becomes one field, unless its values are binary. */
function addField(fields: string[], name: string, value: string): void {
  if (reserved.has(name) || name.charCodeAt(0) === colon) {
    return;
  }
  if (name.endsWith("-bin")) {
    for (const one of valuesOf(name, value)) {
      fields.push(name, one);
    }
    return;
  }
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] === name) {
      fields[i + 1] = joined(name, fields[i + 1] as string, value);
      return;
    }
  }
  fields.push(name, value);
}

/**
 * Splits the joined values of a repeated "-bin" header into fields of their own. `Headers` joins the values of repeated
 * headers with ", ". gRPC's C++ and Go libraries do not split a "-bin" value but refuse it as bad base64, and C++ 1.51
 * even ends the connection.
 */
export function valuesOf(name: string, value: string): string[] {
  return name.endsWith("-bin") && value.includes(",") ? value.split(",").map((one) => one.trim()) : [value];
}

/** Returns received fields as headers, without the pseudo-header fields of HTTP/2. */
export function headersOf(fields: readonly string[], extra: readonly string[]): Headers {
  return new FieldHeaders(fields, extra);
}

/**
 * Returns the value of a field by its name in lower case, looking in the extra fields first; undefined if there is no
 * such field.
 */
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

const none: readonly string[] = [];
const colon = 0x3a;
