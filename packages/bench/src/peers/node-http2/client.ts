import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { type Connection, fail } from "../../load/connection.js";
import { clientProgram } from "../../program/client-program.js";
import { Body } from "../shared/body.js";
import { type Codec, codecOf } from "../shared/codec.js";
import { maxSessionMemory, sessionWindow } from "./options.js";

await clientProgram((address, _job, own) => dial(address, codecOf(own)));

async function dial(address: string, codec: Codec): Promise<Connection> {
  const session = connectHttp2("http://localhost", { createConnection: () => connect(address), maxSessionMemory });
  await once(session, "remoteSettings");
  session.setLocalWindowSize(sessionWindow);
  const open = (path: string) => {
    const stream = session.request({ ":method": "POST", ":path": path });
    stream.on("error", fail);
    return stream;
  };

  return {
    call(payload, done) {
      const stream = open("/echo");
      const body = new Body();
      stream.on("data", (piece: Buffer) => body.add(piece));
      stream.on("end", () => done(codec.decodeResponse(body.whole()).length));
      stream.end(codec.encodeRequest(payload));
    },

    pingPong(payload, onAnswer) {
      const stream = open("/ping-pong");
      let received = 0;
      stream.on("data", (piece: Buffer) => {
        received += piece.length;
        if (received < payload.length) {
          return;
        }
        received = 0;
        const next = onAnswer();
        if (next === "send") {
          stream.write(payload);
        } else if (next === "end") {
          stream.end();
        }
      });
      stream.write(payload);
      return new Promise((resolve) => stream.on("end", resolve));
    },

    download(payloadBytes, onMessages) {
      const stream = open("/download");
      stream.end(new Uint8Array(payloadBytes));
      return new Promise((resolve) => {
        stream.on("data", (piece: Buffer) => {
          if (!onMessages(piece.length / payloadBytes)) {
            stream.destroy();
            resolve();
          }
        });
      });
    },

    upload(payload, hasMore) {
      const stream = open("/upload");
      const fill = (): void => {
        while (hasMore()) {
          if (!stream.write(payload)) {
            return;
          }
        }
        stream.end();
      };
      stream.on("drain", fill);
      fill();
      const answer = new Body();
      stream.on("data", (piece: Buffer) => answer.add(piece));
      return new Promise((resolve) => {
        stream.on("end", () => resolve(Number(Buffer.from(answer.whole()).toString()) / payload.length));
      });
    },
  };
}
