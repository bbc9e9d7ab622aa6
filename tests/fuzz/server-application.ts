import {
  type ConnectionOptions,
  HeaderBlock,
  type HeaderList,
  NO_FIELDS,
  type RequestHandler,
  ServerConnection,
  type ServerConnectionHandler,
  type ServerStream,
} from "@vyra/http2";
import { Application } from "./application.js";
import type { MemorySocket } from "./memory-socket.js";
import type { Random } from "./random.js";

const ok = HeaderBlock.of([":status", "200", "content-type", "application/test"]);
const hints = HeaderBlock.of([":status", "103"]);
const done = HeaderBlock.of(["x-status", "0"]);
const manyFields = Array.from({ length: 20 }, (_, i) => [`x-${i}`, "v".repeat(i * 13)]).flat();
const plans = ["echo", "echo", "at once", "large", "pieces", "informed", "later", "silent", "fields"] as const;

/** A server that answers, or does not answer, in every possible way. */
export class ServerApplication extends Application<ServerStream> implements ServerConnectionHandler {
  readonly connection: ServerConnection;
  constructor(random: Random, isPassive: boolean, socket: MemorySocket, options: ConnectionOptions) {
    super(random, isPassive);
    this.connection = new ServerConnection(socket.asSocket(), this, options);
  }

  onStream(stream: ServerStream, headers: HeaderList, extra: readonly string[], endStream: boolean): RequestHandler {
    const watched = this.watch(stream);
    watched.onHeaders(endStream);
    this.note(stream, `request ${JSON.stringify([...headers.fields, ...extra])} ${endStream}`);
    stream.context = this.random.pick(plans);
    // Until this function returns, nothing can be reported about the stream.
    watched.isUnborn = true;
    try {
      this.act(stream);
      if (stream.context === "at once" || endStream) this.answer(stream);
    } finally {
      watched.isUnborn = false;
    }
    return this.requests;
  }

  private readonly requests: RequestHandler & { onDrain(stream: ServerStream): void } = {
    onData: (stream, _buffer, start, end, endStream) => {
      this.of(stream).onData(end - start, endStream);
      this.noteBody(stream, end - start, endStream);
      this.act(stream);
      if (endStream) this.answer(stream);
    },
    onTrailers: (stream, trailers, extra) => {
      this.of(stream).onTrailers();
      this.note(stream, `trailers ${JSON.stringify([...trailers.fields, ...extra])}`);
      this.act(stream);
      this.answer(stream);
    },
    onReset: (stream, error) => {
      this.onReset(stream, error);
    },
    onDrain: (stream) => this.onDrain(stream),
  };

  private answer(stream: ServerStream): void {
    if (this.isPassive) return;
    this.attempt(() => {
      switch (stream.context) {
        case "silent":
          break;
        case "large":
          stream.reply(ok, NO_FIELDS, Buffer.from([0, 0, 0]), this.someBody(), done, ["x-large", "1"]);
          break;
        case "pieces":
          stream.respond(ok);
          for (let count = this.random.few(); count > 0; count--) stream.data(this.someBody());
          if (this.random.chance(0.5)) stream.trailers(done);
          else stream.end();
          break;
        case "informed":
          stream.inform(hints);
          stream.respond(ok, NO_FIELDS, true);
          break;
        case "later":
          setImmediate(() => this.attempt(() => stream.reply(ok, NO_FIELDS, null, this.someBody(), done)));
          break;
        case "fields":
          stream.reply(ok, manyFields, null, Buffer.from("x"), done, manyFields);
          break;
        default:
          stream.reply(ok, NO_FIELDS, null, Buffer.from("echo"), done);
      }
    });
  }

  protected actOnRole(stream: ServerStream): void {
    if (this.random.chance(0.5)) this.answer(stream);
    else stream.respond(ok, ["x-out-of", "turn"]);
  }
}
