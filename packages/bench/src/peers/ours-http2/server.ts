import { createServer } from "node:net";
import { HeaderBlock, NO_FIELDS, type RequestHandler, ServerConnection, type ServerStream } from "@vyra/http2";
import { serverProgram } from "../../program/server-program.js";
import { Body } from "../shared/body.js";
import { codecOf } from "../shared/codec.js";

const response = HeaderBlock.of([":status", "200", "content-type", "application/octet-stream"]);
const trailers = HeaderBlock.of(["result", "0"]);

await serverProgram((address, _job, own) => {
  const codec = codecOf(own);

  const reply = (stream: ServerStream, body: Uint8Array): void =>
    stream.reply(response, NO_FIELDS, null, codec.encodeResponse(codec.decodeRequest(body)), trailers);

  const echo: RequestHandler = {
    onData(stream, buffer, start, end, endStream) {
      const piece = buffer.subarray(start, end);
      if (endStream && stream.context === undefined) {
        reply(stream, piece);
        return;
      }
      stream.context ??= new Body();
      const body = stream.context as Body;
      body.add(piece);
      if (endStream) {
        reply(stream, body.whole());
      }
    },
    onTrailers() {},
    onReset() {},
  };

  const pingPong: RequestHandler = {
    onData(stream, buffer, start, end, endStream) {
      if (end > start) {
        stream.data(buffer.subarray(start, end));
      }
      if (endStream) {
        stream.trailers(trailers);
      }
    },
    onTrailers() {},
    onReset() {},
  };

  const fill = (stream: ServerStream): void => {
    while (!stream.isClosed && stream.data(stream.context as Uint8Array)) {}
  };
  const download: RequestHandler = {
    onData(stream, _buffer, start, end) {
      stream.context = new Uint8Array(end - start);
      fill(stream);
    },
    onDrain: fill,
    onTrailers() {},
    onReset() {},
  };

  const upload: RequestHandler = {
    onData(stream, _buffer, start, end, endStream) {
      stream.context = ((stream.context as number | undefined) ?? 0) + (end - start);
      if (endStream) {
        stream.data(Buffer.from(String(stream.context)));
        stream.trailers(trailers);
      }
    },
    onTrailers() {},
    onReset() {},
  };

  const handlers = new Map([
    ["/echo", echo],
    ["/ping-pong", pingPong],
    ["/download", download],
    ["/upload", upload],
  ]);

  const server = createServer((socket) => {
    new ServerConnection(socket, {
      onStream(stream, { fields }) {
        const path = fields[fields.indexOf(":path") + 1] as string; // every request has one
        if (path !== "/echo") {
          stream.respond(response);
        }
        return handlers.get(path) as RequestHandler;
      },
    });
  });
  return new Promise<void>((resolve) => server.listen(address, resolve));
});
