import { usage } from "../failure.js";

/** Protobuf's readers take messages nested 100 deep, each of them in two levels of JSON or fewer. */
const deepest = 1_000;

/** The longest text that is taken for one value: messages have 10 MiB, and V8's strings end at 2^29 characters. */
const longest = 256 * 1024 * 1024;

/**
 * Cuts a stream of text into the JSON values in it: one a line, or objects and arrays over several lines, as `jq` writes them.
 * A value is given out as soon as it is complete, so that a conversation over pipes goes on. What is no JSON is given out as
 * well, up to the end of its line, for whoever reads it to complain.
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
