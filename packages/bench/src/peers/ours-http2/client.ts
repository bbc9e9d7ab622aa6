import { once } from "node:events";
import { connect } from "node:net";
import { ClientConnection, type ClientStream, HeaderBlock, NO_FIELDS, type ResponseHandler } from "@vyra/http2";
import { type Connection, fail } from "../../load/connection.js";
import { clientProgram } from "../../program/client-program.js";
import { Body, Exchange } from "../shared/body.js";
import { type Codec, codecOf } from "../shared/codec.js";

const base = [":method", "POST", ":scheme", "http", ":authority", "localhost"];
const requestTo = (path: string): HeaderBlock => HeaderBlock.of([...base, ":path", path]);
const requests = {
  echo: requestTo("/echo"),
  pingPong: requestTo("/ping-pong"),
  download: requestTo("/download"),
  upload: requestTo("/upload"),
};

await clientProgram((address, _job, own) => dial(address, codecOf(own)));

async function dial(address: string, codec: Codec): Promise<Connection> {
  const socket = connect(address);
  await once(socket, "connect");
  const http2 = new ClientConnection(socket, { onHandlerError: fail });
  await new Promise<void>((resolve) => http2.ping(() => resolve())); // the server's limits are known now

  const echo: ResponseHandler = {
    onHeaders() {},
    onData(stream, buffer, start, end) {
      (stream.context as Exchange).add(buffer.subarray(start, end));
    },
    onTrailers(stream) {
      const exchange = stream.context as Exchange;
      exchange.done(codec.decodeResponse(exchange.whole()).length);
    },
    onReset: reset,
  };

  return {
    call(payload, done) {
      const stream = http2.requestMessage(requests.echo, NO_FIELDS, null, codec.encodeRequest(payload), echo);
      stream.context = new Exchange(done);
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
        const answer = new Body();
        const stream = http2.request(requests.upload, NO_FIELDS, false, {
          onHeaders() {},
          onData: (_stream, buffer, start, end) => answer.add(buffer.subarray(start, end)),
          onTrailers: () => resolve(Number(Buffer.from(answer.whole()).toString()) / payload.length),
          onDrain: fill,
          onReset: reset,
        });
        fill(stream);
      });
    },
  };
}

function reset(_stream: ClientStream, error: Error): void {
  fail(error);
}
