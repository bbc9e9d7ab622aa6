import {
  ClientConnection,
  type ClientConnectionHandler,
  type ClientStream,
  type ConnectionOptions,
  HeaderBlock,
  NO_FIELDS,
  type ResponseHandler,
} from "@vyra/http2";
import { Application } from "./application.js";
import type { MemorySocket } from "./memory-socket.js";
import type { Random } from "./random.js";

const block = (method: string) =>
  HeaderBlock.of([":method", method, ":scheme", "http", ":path", "/fuzz", ":authority", "localhost"]);
const [post, get, head] = [block("POST"), block("GET"), block("HEAD")];
const done = HeaderBlock.of(["x-status", "0"]);

/** A client that makes every kind of request. */
export class ClientApplication extends Application<ClientStream> implements ClientConnectionHandler {
  readonly connection: ClientConnection;

  constructor(random: Random, isPassive: boolean, socket: MemorySocket, options: ConnectionOptions) {
    super(random, isPassive);
    this.connection = new ClientConnection(socket.asSocket(), this, options);
  }

  /** Makes as many requests as a recorded server has answered, on the same streams. */
  ask(requests: number): void {
    for (let i = 0; i < requests; i++) this.request();
  }

  onCapacity(): void {
    if (!this.isPassive && this.random.chance(0.1)) this.attempt(() => this.request());
  }

  private request(): void {
    const { connection, random } = this;
    const plan = this.isPassive ? 0 : random.below(7);
    const { responses } = this;
    let stream: ClientStream;
    switch (plan) {
      case 1:
        stream = connection.request(get, ["x-extra", String(random.below(9))], true, responses);
        break;
      case 2:
        stream = connection.request(head, NO_FIELDS, true, responses);
        break;
      case 3:
        stream = connection.requestMessage(post, NO_FIELDS, Buffer.from([0, 0]), this.someBody(), responses);
        break;
      case 4:
        stream = connection.request(post, NO_FIELDS, false, responses);
        this.watch(stream);
        for (let count = random.few(); count > 0; count--) stream.data(this.someBody());
        if (random.chance(0.5)) stream.trailers(done, ["x-sum", "1"]);
        return;
      default:
        stream = connection.requestMessage(post, NO_FIELDS, null, Buffer.from("hello"), responses);
    }
    this.watch(stream);
  }

  private readonly responses: ResponseHandler & { onDrain(stream: ClientStream): void } = {
    onInformational: (stream) => {
      this.of(stream).onInformational();
      this.act(stream);
    },
    onHeaders: (stream, headers, extra, endStream) => {
      this.of(stream).onHeaders(endStream);
      this.note(stream, `response ${JSON.stringify([...headers.fields, ...extra])} ${endStream}`);
      this.act(stream);
    },
    onData: (stream, _buffer, start, end, endStream) => {
      this.of(stream).onData(end - start, endStream);
      this.noteBody(stream, end - start, endStream);
      this.act(stream);
    },
    onTrailers: (stream, trailers, extra) => {
      this.of(stream).onTrailers();
      this.note(stream, `trailers ${JSON.stringify([...trailers.fields, ...extra])}`);
      this.act(stream);
    },
    onReset: (stream, error) => this.onReset(stream, error),
    onDrain: (stream) => this.onDrain(stream),
  };

  protected actOnRole(): void {
    this.request();
  }
}
