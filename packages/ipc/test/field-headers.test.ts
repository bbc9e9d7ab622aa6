import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { FieldHeaders, listOf } from "../dist/grpc/field-headers.js";
import { fieldsOf, headersOf } from "../dist/grpc/metadata.js";
import { seeded } from "./support/random-messages.js";

const names = [
  "a",
  "A",
  "b-bin",
  "Cookie",
  "set-cookie",
  "Set-Cookie",
  "x-Request-id",
  "zz",
  "not a name",
  "",
  ":path",
];
const values = ["", "1", " 2 ", "a, b", "\t3", "é", "€", "4\n", "\0", "a\tb", "\x7f", "long ".repeat(30)];

/** Returns the outcome of an operation as text, with the kind of error instead of its message. */
function outcomeOf(run: () => unknown): string {
  try {
    return inspect(run(), { depth: 5 });
  } catch (error) {
    return (error as Error).name;
  }
}

/** An operation on headers; it is applied to both kinds. */
type Step = (headers: Headers) => unknown;

function randomStep(random: () => number): Step {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const name = pick(names);
  const value = pick(values);
  const steps: Step[] = [
    (h) => h.set(name, value),
    (h) => h.append(name, value),
    (h) => h.append(name, value),
    (h) => h.delete(name),
    (h) => h.get(name),
    (h) => h.has(name),
    (h) => h.getSetCookie(),
    (h) => [...h],
    (h) => [...h.keys(), ...h.values()],
    (h) => {
      const seen: unknown[] = [];
      h.forEach(function (this: unknown, ...args) {
        seen.push(this, args.slice(0, 2), args[2] === h);
      }, 5);
      return seen;
    },
    (h) => {
      // A change while the headers are iterated is seen by the iterator.
      const seen: string[] = [];
      for (const [found] of h) {
        seen.push(found);
        if (seen.length === 1) {
          h.delete(found);
        }
      }
      return seen;
    },
  ];
  return pick(steps);
}

describe("headers over lists of fields", () => {
  it("do what Headers do, whatever is done with them", () => {
    const random = seeded(15);
    for (let run = 0; run < 2_000; run++) {
      const ours = new FieldHeaders(["a", "0", "set-cookie", "c"], ["b-bin", "AA", "a", "9"]);
      const real = new Headers(ours);
      const done: string[] = [];
      for (let i = 0; i < 12; i++) {
        const step = randomStep(random);
        done.push(step.toString());
        assert.equal(
          outcomeOf(() => step(ours)),
          outcomeOf(() => step(real)),
          `run ${run}: ${done.join("; ")}`,
        );
      }
      assert.deepEqual([...ours], [...real]);
    }
  });

  it("are Headers to everybody", async () => {
    const headers: Headers = new FieldHeaders(["b", "2"], ["a", "1", "b", "3"]);
    assert.ok(headers instanceof Headers);
    assert.equal(Object.prototype.toString.call(headers), "[object Headers]");
    assert.equal(headers.constructor, Headers);
    assert.deepEqual([...new Headers(headers)], [...headers]);
    assert.deepEqual([...new Request("http://x/", { headers }).headers], [...headers]);
    assert.deepEqual([...new Response("", { headers }).headers].slice(0, 2), [...headers]);
    assert.deepEqual(Object.fromEntries(headers), { a: "1", b: "2, 3" });
    assert.equal(inspect(headers), inspect(new Headers(Object.fromEntries(headers))));
    assert.equal(JSON.stringify(headers), JSON.stringify(new Headers(headers)));
    const iterator = headers.entries();
    assert.equal(Object.prototype.toString.call(iterator), "[object Headers Iterator]");
    assert.equal(iterator[Symbol.iterator](), iterator);
    const response = await fetch("data:,x", { headers });
    assert.equal(await response.text(), "x");
  });

  it("have all methods of this runtime's Headers", () => {
    const real = new Headers();
    const ours = new FieldHeaders();
    for (const name of Object.getOwnPropertyNames(Headers.prototype)) {
      assert.equal(typeof Reflect.get(ours, name), typeof Reflect.get(real, name), name);
    }
  });

  it("leave the lists alone from which they are created, and copies are independent", () => {
    const [first, rest] = [
      ["a", "1"],
      ["b", "2"],
    ] as const;
    const headers = new FieldHeaders(first, rest);
    const copy = FieldHeaders.copy(headers);
    headers.set("a", "x");
    headers.append("b", "y");
    const second = FieldHeaders.copy(headers);
    headers.append("c", "z");
    second.delete("b");
    assert.deepEqual(
      [first, rest],
      [
        ["a", "1"],
        ["b", "2"],
      ],
    );
    assert.deepEqual(
      [...copy],
      [
        ["a", "1"],
        ["b", "2"],
      ],
    );
    assert.deepEqual(
      [...headers],
      [
        ["a", "x"],
        ["b", "2, y"],
        ["c", "z"],
      ],
    );
    assert.deepEqual([...second], [["a", "x"]]);
    assert.deepEqual([...FieldHeaders.copy(new Headers({ q: "1" }))], [["q", "1"]]);
  });

  it("do not show pseudo-header fields", () => {
    const headers = headersOf([":status", "200", "a", "1"], [":path", "/"]);
    assert.deepEqual([...headers], [["a", "1"]]);
    assert.throws(() => headers.get(":status"), TypeError);
    assert.deepEqual(fieldsOf(headers), ["a", "1"]);
  });
});

describe("headers in other objects", () => {
  it("are shown as deeply as Headers", () => {
    const fields: [string, string][] = [["a", "1"]];
    for (
      let at: [object, object] = [new FieldHeaders(["a", "1"]), new Headers(fields)], depth = 0;
      depth < 5;
      depth++
    ) {
      assert.equal(inspect(at[0]), inspect(at[1]), `${depth}`);
      assert.equal(inspect(at[0], { depth: 0 }), inspect(at[1], { depth: 0 }), `${depth}`);
      at = [{ in: at[0] }, { in: at[1] }];
    }
  });
});

describe("the fields of what callers give as headers", () => {
  const given = [
    undefined,
    {},
    { A: "1", a: " 2 ", "b-bin": "AA" },
    [
      ["a", "1"],
      ["a", "2"],
    ] as [string, string][],
    new Headers({ a: "1" }),
    new FieldHeaders(["a", "1"]),
    new Map([["a", "1"]]) as never,
    Object.create({ inherited: "1" }, { a: { value: "1", enumerable: true } }) as Record<string, string>,
  ];

  it("are those of Headers", () => {
    for (const init of given) {
      assert.deepEqual([...new FieldHeaders([], listOf(init))], [...new Headers(init)], inspect(init));
    }
  });

  it("are refused as Headers refuse them", () => {
    for (const init of [5, "a", null, { "a b": "1" }, { a: "€" }, { a: "\n1\n2" }, [["a"]]] as never[]) {
      const problem = outcomeOf(() => new Headers(init) && "accepted");
      assert.equal(
        outcomeOf(() => listOf(init) && "accepted"),
        problem,
        inspect(init),
      );
    }
  });
});

describe("metadata to be sent", () => {
  it("is the same from either kind of headers", () => {
    const random = seeded(7);
    const some = ["te", "content-type", "grpc-timeout", "x-bin", "x", "y", "connection", "user-agent", "set-cookie"];
    for (let run = 0; run < 500; run++) {
      const ours = new FieldHeaders(["te", "trailers", "x", "1"]);
      const real = new Headers(ours);
      for (let i = 0; i < 8; i++) {
        const name = some[Math.floor(random() * some.length)] as string;
        const value = ["AA", "BB,CC", "DD, EE"][Math.floor(random() * 3)] as string;
        const append = random() < 0.7;
        for (const headers of [ours, real]) {
          append ? headers.append(name, value) : headers.set(name, value);
        }
      }
      assert.deepEqual(sortedPairs(fieldsOf(ours)), sortedPairs(fieldsOf(real)));
    }
  });
});

function sortedPairs(fields: readonly string[]): string[] {
  return fields.flatMap((field, i) => (i % 2 === 0 ? [`${field}: ${fields[i + 1]}`] : [])).sort();
}
