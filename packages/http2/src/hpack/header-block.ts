import { assertFields } from "../field-rules.js";
import { ENTRY_OVERHEAD } from "./dynamic-table.js";
import { NO_FIELDS } from "./header-list.js";
import { Indexing, secretNames } from "./indexing.js";

/** The options of a {@link HeaderBlock}: how its fields are compressed. */
export interface HeaderBlockOptions {
  /** The names of fields that are sent as literals without indexing, since their values vary. Default: none. */
  readonly notIndexed?: readonly string[];
  /**
   * The names of fields that are sent as never-indexed literals (RFC 7541 §6.2.3), since they are secret. Default:
   * `authorization`, `proxy-authorization`, `cookie`, `set-cookie`.
   */
  readonly neverIndexed?: readonly string[];
}

/** The bytes of a prepared block on one connection. */
export interface Encoding {
  /** The encoder of that connection. */
  readonly encoder: object;
  readonly bytes: Uint8Array;
  /** The generation of the dynamic table for which the bytes are valid. */
  readonly generation: number;
  /** The number of bytes that are literals for want of room in the table. */
  readonly missed: number;
}

/**
 * A field list that is prepared for sending on any number of connections. Each connection encodes it once, mostly to
 * one byte per field, so the object should be kept and reused. Fields that vary from message to message should be
 * passed as `extra` where a block is sent.
 */
export class HeaderBlock {
  /** The fields: name, value, name, value … */
  readonly fields: readonly string[];
  /** The size in bytes, as SETTINGS_MAX_HEADER_LIST_SIZE counts it (RFC 9113 §6.5.2). */
  readonly size: number;
  /** @internal How each field is compressed. */
  readonly indexing: readonly Indexing[];
  /** @internal Whether `:method` is HEAD: the response has no body, whatever its content-length says. */
  readonly isHead: boolean;
  /** The value of `:status`, or 0 if there is none. */
  readonly status: number;
  /** @internal The encoding on the connection that used the block last. Mostly there is only one connection. */
  lastEncoding: Encoding | null = null;

  private constructor(fields: readonly string[], indexing: readonly Indexing[]) {
    this.fields = fields;
    this.indexing = indexing;
    this.size = listSize(fields);
    this.isHead = fieldValue(fields, ":method") === "HEAD";
    this.status = Number(fieldValue(fields, ":status") ?? 0);
  }

  /**
   * Returns a block with these fields.
   * @param fields name, value, name, value …: names in lower case, pseudo-header fields first, Latin-1 characters only
   * @throws TypeError for fields that RFC 9113 §8.2 forbids
   */
  static of(fields: readonly string[], options: HeaderBlockOptions = {}): HeaderBlock {
    assertFields(fields);
    const never = options.neverIndexed ?? secretNames;
    const not = options.notIndexed ?? NO_FIELDS;
    const indexing: Indexing[] = [];
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i] ?? "";
      indexing.push(never.includes(name) ? Indexing.NEVER : not.includes(name) ? Indexing.NO : Indexing.YES);
    }
    return new HeaderBlock(Object.freeze([...fields]), indexing);
  }
}

/** Returns the size of a field list in bytes, as SETTINGS_MAX_HEADER_LIST_SIZE counts it (RFC 9113 §6.5.2). */
export function listSize(fields: readonly string[]): number {
  let size = 0;
  for (let i = 0; i < fields.length; i++) size += (fields[i] ?? "").length;
  return size + (fields.length / 2) * ENTRY_OVERHEAD;
}

function fieldValue(fields: readonly string[], name: string): string | undefined {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1];
  return undefined;
}
