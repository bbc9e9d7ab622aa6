import type { Message, UnknownField } from "@bufbuild/protobuf";
import { sliceOf, wire } from "./reader.js";

/**
 * How many unknown fields of a whole input are kept one by one. protobuf-es needs an object and a view for each, some
 * 200 bytes where two may have been received: for the 5 million that fit in 10 MiB, a gigabyte. This many take 2 MB.
 */
export const maxUnknownFields = 10_000;

/** The state for the input being parsed. */
export const unknown = {
  isDropped: false,
  left: 0,
  begin(isDropped: boolean): void {
    unknown.isDropped = isDropped;
    unknown.left = maxUnknownFields;
  },
};

/**
 * The unknown fields of one message, kept as protobuf-es keeps them, so that code that passes the message on passes
 * them on too. Those beyond `maxUnknownFields` are joined: one last field whose data continue with the tags and values
 * of the others, byte for byte as they were received. `toBinary` writes them again unchanged; only `getExtension()`
 * does not find those.
 */
export class UnknownFields {
  readonly #fields: UnknownField[] = [];
  /** The first of the joined fields, the copied part of them, and the run that is still to be copied. */
  #first: { readonly no: number; readonly wireType: number } | undefined;
  #copied: Uint8Array | undefined;
  #length = 0;
  #runAt = 0;
  #runEnd = 0;

  add(no: number, wireType: number, tagAt: number, valueAt: number, end: number): void {
    if (unknown.isDropped) {
      return;
    }
    if (unknown.left > 0) {
      unknown.left--;
      this.#fields.push({ no, wireType, data: sliceOf(valueAt, end) });
    } else if (this.#first === undefined) {
      this.#first = { no, wireType };
      this.#runAt = valueAt;
      this.#runEnd = end;
    } else {
      if (tagAt !== this.#runEnd) {
        this.#copyRun();
        this.#runAt = tagAt;
      }
      this.#runEnd = end;
    }
  }

  addTo(message: Partial<Message>): void {
    const fields = this.#fields;
    if (this.#first !== undefined) {
      fields.push({ ...this.#first, data: this.#rest() });
    }
    if (fields.length > 0) {
      const { $unknown: before } = message;
      message.$unknown = before === undefined ? fields : before.concat(fields);
    }
  }

  #rest(): Uint8Array {
    if (this.#copied === undefined) {
      return sliceOf(this.#runAt, this.#runEnd);
    }
    this.#copyRun();
    return this.#copied.slice(0, this.#length);
  }

  #copyRun(): void {
    const length = this.#length + this.#runEnd - this.#runAt;
    let copied = this.#copied;
    if (copied === undefined || copied.length < length) {
      copied = new Uint8Array(Math.max(2 * length, 64));
      copied.set((this.#copied ?? copied).subarray(0, this.#length));
      this.#copied = copied;
    }
    for (let from = this.#runAt, to = this.#length; to < length; from++, to++) {
      copied[to] = wire.bytes[from] as number;
    }
    this.#length = length;
  }
}
