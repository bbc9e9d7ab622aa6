import { assertFields } from "../field-rules.js";
import { ENTRY_OVERHEAD } from "./dynamic-table.js";
import { NO_FIELDS } from "./header-list.js";
import { Indexing, secretNames } from "./indexing.js";

export interface HeaderBlockOptions {
  /** Names of fields sent as literals without indexing, because their values differ each time. Default: none. */
  readonly notIndexed?: readonly string[];
  /** Names of fields sent as never-indexed literals. Default: `authorization`, `proxy-authorization`, `cookie`, `set-cookie`. */
  readonly neverIndexed?: readonly string[];
}

/** A prepared block's bytes, on one connection. */
export interface Encoding {
  /** Whose it is: the encoder of that connection. */
  readonly encoder: object;
  readonly bytes: Uint8Array;
  readonly generation: number;
  /** How many of them are literals that had no room in the table. */
  readonly missed: number;
}

/**
 * A header list prepared for sending, on any number of connections. Each connection encodes it once, mostly down to one byte
 * a field; keep the object and use it again. For fields that differ from message to message use `extra` where a block is sent.
 */
export class HeaderBlock {
  /** Name, value, name, value … */
  readonly fields: readonly string[];
  /** As SETTINGS_MAX_HEADER_LIST_SIZE counts it (RFC 9113 §6.5.2). */
  readonly size: number;
  /** An {@link Indexing} for each field. */
  readonly indexing: readonly Indexing[];
  /** `:method` is HEAD: the response has no body whatever its content-length says. */
  readonly isHead: boolean;
  /** `:status`, 0 when there is none. */
  readonly status: number;
  /** @internal By the connection that used it last: mostly there is only one. */
  lastEncoding: Encoding | null = null;

  private constructor(fields: readonly string[], indexing: readonly Indexing[]) {
    this.fields = fields;
    this.indexing = indexing;
    this.size = listSize(fields);
    this.isHead = fieldValue(fields, ":method") === "HEAD";
    this.status = Number(fieldValue(fields, ":status") ?? 0);
  }

  /**
   * @param fields name, value, name, value …: names in lower case, pseudo-header fields first, strings of latin1 characters
   * @throws TypeError for what RFC 9113 §8.2 forbids
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

export function listSize(fields: readonly string[]): number {
  let size = 0;
  for (let i = 0; i < fields.length; i++) size += (fields[i] ?? "").length;
  return size + (fields.length / 2) * ENTRY_OVERHEAD;
}

function fieldValue(fields: readonly string[], name: string): string | undefined {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1];
  return undefined;
}
