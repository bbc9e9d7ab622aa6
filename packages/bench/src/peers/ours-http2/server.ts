import { createServer } from "node:net";
import {
  HeaderBlock,
  type HeaderList,
  NO_FIELDS,
  type RequestHandler,
  readInPlace,
  ServerConnection,
  type ServerStream,
} from "@vyra/http2";
import { serverProgram } from "../../program/server-program.js";
import { codecOf } from "../shared/codec.js";
import { blocksByLength, Gathered } from "./gathered.js";

const fields = [":status", "200", "content-type", "application/octet-stream"];
const response = HeaderBlock.of(fields);
const responseOf = blocksByLength((contentLength) => HeaderBlock.of([...fields, "content-length", contentLength]));
const trailers = HeaderBlock.of(["result", "0"]);

await serverProgram((address, _job, own) => {
  const codec = codecOf(own);

  const echo: RequestHandler = {
    onData(stream, buffer, start, end) {
      const request = (stream.context as Gathered).add(buffer, start, end);
      if (request !== undefined) {
        const body = codec.encodeResponse(codec.decodeRequest(request));
        stream.reply(responseOf(body.length), NO_FIELDS, null, body, trailers);
      }
    },
    onTrailers() {},
    onReset() {},
  };

  const pingPong: RequestHandler = {
    onData(stream, buffer, start, end, endStream) {
      if (end > start) {
        stream.data(new Uint8Array(buffer.subarray(start, end)));
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

  const onStream = (stream: ServerStream, headers: HeaderList): RequestHandler => {
    headers.memo ??= headers.fields[headers.fields.indexOf(":path") + 1]; // every request has a path
    if (headers.memo === "/echo") {
      stream.context = new Gathered(headers.contentLength);
    } else {
      stream.respond(response);
    }
    return handlers.get(headers.memo as string) as RequestHandler;
  };

  const server = createServer((socket) => {
    const inPlace = readInPlace(socket, (buffer, start, end) => http2.receive(buffer, start, end));
    const http2: ServerConnection = new ServerConnection(inPlace, { onStream }, { reader: "caller" });
  });
  return new Promise<void>((resolve) => server.listen(address, resolve));
});
