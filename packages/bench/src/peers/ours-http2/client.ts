import { once } from "node:events";
import { connect } from "node:net";
import {
  ClientConnection,
  type ClientStream,
  HeaderBlock,
  NO_FIELDS,
  type ResponseHandler,
  readInPlace,
} from "@vyra/http2";
import { type Connection, fail } from "../../load/connection.js";
import { clientProgram } from "../../program/client-program.js";
import { type Codec, codecOf } from "../shared/codec.js";
import { blocksByLength, Gathered } from "./gathered.js";

const base = [":method", "POST", ":scheme", "http", ":authority", "localhost"];
const requestTo = (path: string, ...fields: string[]): HeaderBlock =>
  HeaderBlock.of([...base, ":path", path, ...fields]);
const echoOf = blocksByLength((contentLength) => requestTo("/echo", "content-length", contentLength));
const requests = {
  pingPong: requestTo("/ping-pong"),
  download: requestTo("/download"),
  upload: requestTo("/upload"),
};

await clientProgram((address, _job, own) => dial(address, codecOf(own)));

async function dial(address: string, codec: Codec): Promise<Connection> {
  const socket = connect(address);
  await once(socket, "connect");
  const inPlace = readInPlace(socket, (buffer, start, end) => http2.receive(buffer, start, end));
  const http2 = new ClientConnection(inPlace, { onHandlerError: fail }, { reader: "caller" });
  await new Promise<void>((resolve) => http2.ping(() => resolve())); // now the server's settings are known

  const echo: ResponseHandler = {
    onHeaders(stream, headers) {
      (stream.context as Exchange).body = new Gathered(headers.contentLength);
    },
    onData(stream, buffer, start, end) {
      const exchange = stream.context as Exchange;
      const body = exchange.body?.add(buffer, start, end);
      if (body !== undefined) {
        exchange.bytes = codec.decodeResponse(body).length;
      }
    },
    onTrailers(stream) {
      const { bytes, done } = stream.context as Exchange;
      done(bytes);
    },
    onReset: reset,
  };

  return {
    call(payload, done) {
      const body = codec.encodeRequest(payload);
      const stream = http2.requestMessage(echoOf(body.length), NO_FIELDS, null, body, echo);
      const exchange: Exchange = { body: undefined, bytes: 0, done };
      stream.context = exchange;
    },

    pingPong(payload, onAnswer) {
      return new Promise((resolve) => {
        let received = 0;
        const stream = http2.request(requests.pingPong, NO_FIELDS, false, {
          onHeaders() {},
          onData(_stream, _buffer, start, end) {
            received += end - start;
            if (received < payload.length) {
              return;
            }
            received = 0;
            const next = onAnswer();
            if (next === "send") {
              stream.data(payload);
            } else if (next === "end") {
              stream.end();
            }
          },
          onTrailers: () => resolve(),
          onReset: reset,
        });
        stream.data(payload);
      });
    },

    download(payloadBytes, onMessages) {
      return new Promise((resolve) => {
        const onData = (stream: ClientStream, _buffer: Uint8Array, start: number, end: number): void => {
          if (!onMessages((end - start) / payloadBytes)) {
            stream.reset();
            resolve();
          }
        };
        const handler: ResponseHandler = { onHeaders() {}, onData, onTrailers() {}, onReset: reset };
        http2.requestMessage(requests.download, NO_FIELDS, null, new Uint8Array(payloadBytes), handler);
      });
    },

    upload(payload, hasMore) {
      return new Promise((resolve) => {
        const fill = (stream: ClientStream): void => {
          while (hasMore()) {
            if (!stream.data(payload)) {
              return;
            }
          }
          stream.end();
        };
        let answer = "";
        const stream = http2.request(requests.upload, NO_FIELDS, false, {
          onHeaders() {},
          onData(_stream, buffer, start, end) {
            answer += Buffer.from(buffer.subarray(start, end)).toString();
          },
          onTrailers: () => resolve(Number(answer) / payload.length),
          onDrain: fill,
          onReset: reset,
        });
        fill(stream);
      });
    },
  };
}

/**
 * An open call: its response once that has begun, the response's length once it is complete, and the callback that
 * waits for it.
 */
interface Exchange {
  body: Gathered | undefined;
  bytes: number;
  readonly done: (bytes: number) => void;
}

function reset(_stream: ClientStream, error: Error): void {
  fail(error);
}
