import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Decoder } from "../dist/hpack/decoder.js";
import { huffmanBytes, readHuffman, writeHuffman } from "../dist/hpack/huffman.js";
import { Cursor, readInteger, writeInteger } from "../dist/hpack/integer.js";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

function decodeAll(blocks: readonly string[], tableSize?: number): string[][] {
  const decoder = new Decoder(65_536);
  if (tableSize !== undefined) {
    decoder.setTableLimit(tableSize);
    // The examples of C.5 and C.6 assume a table of 256 bytes from the start, so a size update is decoded first.
    decoder.decode(hex("3fe101"), 0, 3);
  }
  return blocks.map((block) => {
    const bytes = hex(block);
    const list = decoder.decode(bytes, 0, bytes.length);
    return [...list.fields, ...decoder.extra];
  });
}

describe("integers (RFC 7541 C.1)", () => {
  const examples: [value: number, mask: number, bytes: string][] = [
    [10, 0x1f, "0a"],
    [1337, 0x1f, "1f9a0a"],
    [42, 0xff, "2a"],
  ];
  for (const [value, mask, bytes] of examples) {
    it(`writes and reads ${value} with mask ${mask}`, () => {
      const buffer = Buffer.alloc(8);
      const end = writeInteger(buffer, 0, 0, mask, value);
      assert.equal(buffer.toString("hex", 0, end), bytes);
      const cursor = new Cursor();
      cursor.buffer = buffer;
      cursor.end = end;
      assert.equal(readInteger(cursor, mask), value);
      assert.equal(cursor.at, end);
    });
  }

  it("refuses an integer that goes on without end", () => {
    const cursor = new Cursor();
    cursor.buffer = Buffer.from("7fffffffffffffffff01", "hex");
    cursor.end = cursor.buffer.length;
    assert.throws(() => readInteger(cursor, 0x7f), /exceeds/);
  });
});

describe("field representations (RFC 7541 C.2)", () => {
  const examples: [what: string, block: string, fields: string[]][] = [
    [
      "literal with indexing",
      "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
      ["custom-key", "custom-header"],
    ],
    ["literal without indexing", "040c 2f73 616d 706c 652f 7061 7468", [":path", "/sample/path"]],
    ["literal never indexed", "1008 7061 7373 776f 7264 0673 6563 7265 74", ["password", "secret"]],
    ["indexed field", "82", [":method", "GET"]],
  ];
  for (const [what, block, fields] of examples) {
    it(`reads a ${what}`, () => {
      assert.deepEqual(decodeAll([block]), [fields]);
    });
  }

  it("reports the fields that must never be indexed", () => {
    const bytes = hex("1008 7061 7373 776f 7264 0673 6563 7265 74");
    assert.deepEqual(new Decoder(1000).decode(bytes, 0, bytes.length).neverIndexed, ["password"]);
  });
});

const requests = [
  [":method", "GET", ":scheme", "http", ":path", "/", ":authority", "www.example.com"],
  [":method", "GET", ":scheme", "http", ":path", "/", ":authority", "www.example.com", "cache-control", "no-cache"],
  [
    ":method",
    "GET",
    ":scheme",
    "https",
    ":path",
    "/index.html",
    ":authority",
    "www.example.com",
    "custom-key",
    "custom-value",
  ],
];

const date = "Mon, 21 Oct 2013 20:13:21 GMT";
const cookie = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
const responses = [
  [":status", "302", "cache-control", "private", "date", date, "location", "https://www.example.com"],
  [":status", "307", "cache-control", "private", "date", date, "location", "https://www.example.com"],
  [
    ":status",
    "200",
    "cache-control",
    "private",
    "date",
    "Mon, 21 Oct 2013 20:13:22 GMT",
    "location",
    "https://www.example.com",
    "content-encoding",
    "gzip",
    "set-cookie",
    cookie,
  ],
];

describe("sequences of blocks on one connection", () => {
  it("reads requests without Huffman code (C.3)", () => {
    const blocks = [
      "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "8286 84be 5808 6e6f 2d63 6163 6865",
      "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ];
    assert.deepEqual(decodeAll(blocks), requests);
  });

  it("reads requests with Huffman code (C.4)", () => {
    const blocks = [
      "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
      "8286 84be 5886 a8eb 1064 9cbf",
      "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ];
    assert.deepEqual(decodeAll(blocks), requests);
  });

  it("reads responses without Huffman code, entries being evicted (C.5)", () => {
    const blocks = [
      "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d" +
        "54 6e17 6874 7470 733a 2f2f 7777 772e 6578 616d 706c 652e 636f 6d",
      "4803 3330 37c1 c0bf",
      "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f" +
        "6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630" +
        "303b 2076 6572 7369 6f6e 3d31",
    ];
    assert.deepEqual(decodeAll(blocks, 256), responses);
  });

  it("reads responses with Huffman code, entries being evicted (C.6)", () => {
    const blocks = [
      "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7" +
        "8f0b 97c8 e9ae 82ae 43d3",
      "4883 640e ffc1 c0bf",
      "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335" +
        "dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
    ];
    assert.deepEqual(decodeAll(blocks, 256), responses);
  });
});

describe("Huffman code (RFC 7541 §5.2, Appendix B)", () => {
  const examples: [text: string, bytes: string][] = [
    ["www.example.com", "f1e3c2e5f23a6ba0ab90f4ff"],
    ["no-cache", "a8eb10649cbf"],
    ["custom-value", "25a849e95bb8e8b4bf"],
    [date, "d07abe941054d444a8200595040b8166e082a62d1bff"],
  ];
  for (const [text, bytes] of examples) {
    it(`writes and reads ${JSON.stringify(text)}`, () => {
      const buffer = Buffer.alloc(200);
      assert.equal(huffmanBytes(text), bytes.length / 2);
      assert.equal(buffer.toString("hex", 0, writeHuffman(buffer, 0, text)), bytes);
      const into = Buffer.alloc(200);
      const encoded = hex(bytes);
      assert.equal(into.toString("latin1", 0, readHuffman(encoded, 0, encoded.length, into)), text);
    });
  }

  it("writes and reads every character", () => {
    for (let code = 0; code < 256; code++) {
      const text = `a${String.fromCharCode(code)}b`;
      const buffer = Buffer.alloc(32);
      const end = writeHuffman(buffer, 0, text);
      const into = Buffer.alloc(64);
      assert.equal(into.toString("latin1", 0, readHuffman(buffer, 0, end, into)), text);
    }
  });

  const wrong: [what: string, bytes: string][] = [
    ["padding of more than 7 bits", "1fff"],
    ["padding with zeros", "1800"],
    ["EOS", "ffffffff"],
    ["EOS in the middle", "fffffffc1f"],
  ];
  for (const [what, bytes] of wrong) {
    it(`refuses ${what}`, () => {
      const encoded = hex(bytes);
      assert.throws(() => readHuffman(encoded, 0, encoded.length, Buffer.alloc(64)), { errorCode: 9 });
    });
  }
});
