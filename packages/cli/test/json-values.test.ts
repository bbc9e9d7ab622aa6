import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { jsonValues } from "../dist/messages/json-values.js";

describe("JSON values in a stream of text", () => {
  it("are separated on one line, over several lines, or without a space", async () => {
    assert.deepEqual(await cut('{"a":1}\n{\n  "b": [2]\n}{"c":"}"}\n\n"text"\n7\n'), [
      '{"a":1}',
      '{\n  "b": [2]\n}',
      '{"c":"}"}',
      '"text"',
      "7",
    ]);
  });

  it("are passed on as soon as they are complete", async () => {
    const seen: string[] = [];
    const chunks = async function* () {
      yield '{"a":';
      assert.deepEqual(seen, []);
      yield '1}{"b"';
      assert.deepEqual(seen, ['{"a":1}']);
      yield ":2}";
    };
    for await (const value of jsonValues(chunks())) {
      seen.push(value);
    }
    assert.deepEqual(seen, ['{"a":1}', '{"b":2}']);
  });

  it("are the same however the text is split", async () => {
    const objects = fc.array(fc.oneof(fc.dictionary(fc.string(), fc.json()), fc.array(fc.string())));
    await fc.assert(
      fc.asyncProperty(
        objects,
        fc.constantFrom(undefined, 2),
        fc.integer({ min: 1, max: 9 }),
        async (values, indent, size) => {
          const text = values
            .map((value) => JSON.stringify(value, null, indent))
            .join(indent === undefined ? "\n" : "");
          const pieces = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
          assert.deepEqual(
            (await cut(...pieces)).map((value) => JSON.parse(value)),
            JSON.parse(JSON.stringify(values)),
          );
        },
      ),
    );
  });

  it("are passed on even if they are invalid, so that the reader can report them", async () => {
    assert.deepEqual(await cut("nonsense\n}\n{"), ["nonsense", "}", "{"]);
  });
});

async function cut(...pieces: string[]): Promise<string[]> {
  const values: string[] = [];
  for await (const value of jsonValues(each(pieces))) {
    values.push(value);
  }
  return values;
}

async function* each(pieces: readonly string[]): AsyncIterable<string> {
  yield* pieces;
}
