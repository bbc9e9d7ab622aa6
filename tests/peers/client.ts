import { connect } from "node:net";
import {
  ClientConnection,
  type ClientStream,
  HeaderBlock,
  type HeaderList,
  NO_FIELDS,
  type ResponseHandler,
  type StreamError,
} from "@vyra/http2";
import { largeSummary, pieces, summaryOf } from "./pattern.js";

/** A connection to the server on a socket, and the requests that the checks need. */
export class PeersClient implements Disposable {
  private readonly connection: ClientConnection;
  private readonly ready: Promise<void>;

  constructor(path: string) {
    let isReady: () => void = () => {};
    this.ready = new Promise((resolve) => {
      isReady = resolve;
    });
    // Until the server has announced its limit, only a hundred streams may be open.
    this.connection = new ClientConnection(connect({ path, noDelay: true }), { onCapacity: () => isReady() });
  }

  async get(path: string): Promise<Answer> {
    await this.ready;
    const answer = new Answer();
    this.connection.request(requestTo("GET", path), NO_FIELDS, true, answer);
    return answer.whole;
  }

  /** Sends the body no faster than it is accepted. Trailers are announced, because Go's server passes on no others. */
  async post(path: string, body: Iterable<Uint8Array>, trailers?: HeaderBlock, method = "POST"): Promise<Answer> {
    await this.ready;
    const answer = new Answer();
    const announced =
      trailers === undefined ? NO_FIELDS : ["trailer", trailers.fields.filter((_, i) => i % 2 === 0).join()];
    const stream = this.connection.request(requestTo(method, path), announced, false, answer);
    const chunks = body[Symbol.iterator]();
    answer.onDrain = () => {
      while (!stream.isClosed) {
        const { done, value } = chunks.next();
        if (done && trailers !== undefined) stream.trailers(trailers);
        else if (done) stream.end();
        if (done || !stream.data(value)) return;
      }
    };
    answer.onDrain();
    return answer.whole;
  }

  [Symbol.dispose](): void {
    this.connection.destroy();
  }
}

/** A response, available as it arrives and once it is complete. */
class Answer implements ResponseHandler {
  status = 0;
  trailers = new Map<string, string>();
  readonly chunks: Buffer[] = [];
  readonly whole: Promise<Answer>;
  onDrain: () => void = () => {};
  private resolve: (answer: Answer) => void = () => {};
  private reject: (error: StreamError) => void = () => {};

  constructor() {
    this.whole = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  onHeaders(_: ClientStream, headers: HeaderList, __: readonly string[], endStream: boolean): void {
    this.status = headers.status;
    if (endStream) this.resolve(this);
  }

  onData(_: ClientStream, buffer: Uint8Array, start: number, end: number, endStream: boolean): void {
    this.chunks.push(Buffer.from(buffer.subarray(start, end)));
    if (endStream) this.resolve(this);
  }

  onTrailers(_: ClientStream, { fields }: HeaderList, extra: readonly string[]): void {
    const all = [...fields, ...extra];
    for (let i = 0; i < all.length; i += 2) this.trailers.set(all[i] ?? "", all[i + 1] ?? "");
    this.resolve(this);
  }

  onReset(_: ClientStream, error: StreamError): void {
    this.reject(error);
  }
}

/**
 * The checks that our client makes of a server. Each throws, or returns what it saw if that differs from what is
 * expected.
 */
export const clientChecks: Readonly<Record<string, (client: PeersClient) => Promise<string | undefined>>> = {
  small: async (client) => same((await client.get("/small")).text, "hello\n"),
  trailers: async (client) => {
    const { trailers } = await client.post("/echo", [Buffer.from("x")], HeaderBlock.of(["x-client", "1"]));
    return same([trailers.get("x-client"), trailers.get("x-trailer")].join(), "1,done");
  },
  "64 MiB up": async (client) => same((await client.post("/count", pieces())).text, largeSummary),
  "64 MiB down": async (client) => same(summaryOf((await client.get("/large")).chunks), largeSummary),
  "64 MiB both ways": async (client) => same(summaryOf((await client.post("/echo", pieces())).chunks), largeSummary),
  "1,000 at once": async (client) => {
    const bodies = Array.from({ length: 1_000 }, (_, i) => `body ${i}`);
    const answers = await Promise.all(bodies.map((body) => client.post("/echo", [Buffer.from(body)])));
    return same(answers.map(({ text }) => text).join(), bodies.join());
  },
};

export function same(actual: string, expected: string): string | undefined {
  return actual === expected ? undefined : `got ${short(actual)} instead of ${short(expected)}`;
}

function short(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

const requests = new Map<string, HeaderBlock>();

function requestTo(method: string, path: string): HeaderBlock {
  const key = `${method} ${path}`;
  const known = requests.get(key);
  if (known !== undefined) return known;
  const block = HeaderBlock.of([":method", method, ":scheme", "http", ":path", path, ":authority", "localhost"]);
  requests.set(key, block);
  return block;
}
