import { usage } from "../failure.js";

/** Protobuf's parsers accept messages nested 100 deep, and each message takes at most two levels of JSON. */
const deepest = 1_000;

/** The longest text of one value. Messages have up to 10 MiB, and V8's strings up to 2^29 characters. */
const longest = 256 * 1024 * 1024;

/**
 * Splits a stream of text into JSON values: one on each line, or objects and arrays over several lines, as `jq` writes
 * them. A value is passed on as soon as it is complete, so that a conversation over pipes can continue. Text that is
 * not JSON is passed on line by line, and the reader reports it.
 *
 * @throws {Failure} if a value is nested more than 1,000 deep, or longer than 256 Mi characters.
 */
export async function* jsonValues(chunks: AsyncIterable<string>): AsyncIterable<string> {
  const cutter = new Cutter();
  for await (const chunk of chunks) {
    yield* cutter.push(chunk);
  }
  yield* cutter.end();
}

class Cutter {
  #text = "";
  #depth = 0;
  #isInString = false;
  #isEscaped = false;

  *push(chunk: string): Iterable<string> {
    let from = 0;
    for (let i = 0; i < chunk.length; i++) {
      if (this.#endsValue(chunk[i] as string)) {
        yield* this.#take(chunk.slice(from, i + 1));
        from = i + 1;
      }
    }
    if (this.#text.length + chunk.length - from > longest) {
      throw usage(`the input has a value of more than ${longest} characters`);
    }
    this.#text += chunk.slice(from);
  }

  *end(): Iterable<string> {
    yield* this.#take("");
  }

  *#take(last: string): Iterable<string> {
    const value = (this.#text + last).trim();
    this.#text = "";
    if (value !== "") {
      yield value;
    }
  }

  #endsValue(char: string): boolean {
    if (this.#isInString) {
      this.#isInString = this.#isEscaped || char !== '"';
      this.#isEscaped = !this.#isEscaped && char === "\\";
      return false;
    }
    switch (char) {
      case '"':
        this.#isInString = true;
        return false;
      case "{":
      case "[":
        this.#depth++;
        if (this.#depth > deepest) {
          throw usage(`the input is nested more than ${deepest.toLocaleString("en-US")} deep`);
        }
        return false;
      case "}":
      case "]":
        this.#depth = Math.max(0, this.#depth - 1);
        return this.#depth === 0;
      default:
        return char === "\n" && this.#depth === 0;
    }
  }
}
