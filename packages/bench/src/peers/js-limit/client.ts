import { once } from "node:events";
import { connect } from "node:net";
import { type Connection, fail } from "../../load/connection.js";
import { clientProgram } from "../../program/client-program.js";
import { type Codec, codecOf } from "../shared/codec.js";
import { FramedSocket, Kind } from "./framed-socket.js";

await clientProgram((address, _job, own) => dial(address, codecOf(own)));

async function dial(address: string, codec: Codec): Promise<Connection> {
  const socket = connect(address);
  await once(socket, "connect");
  socket.on("error", fail);
  const waiting = new Map<number, (answer: Uint8Array) => void>();
  let calls = 0;
  const framed = new FramedSocket(socket, (kind, call, body) => {
    const answered = waiting.get(call);
    if (kind === Kind.CALL || kind === Kind.END) {
      waiting.delete(call);
    }
    answered?.(codec.decodeResponse(body));
  });
  const open = (kind: Kind, payload: Uint8Array, onAnswer: (answer: Uint8Array) => void): number => {
    const call = calls++;
    waiting.set(call, onAnswer);
    framed.send(kind, call, codec.encodeRequest(payload));
    return call;
  };

  return {
    call(payload, done) {
      open(Kind.CALL, payload, (answer) => done(answer.length));
    },

    pingPong(payload, onAnswer) {
      return new Promise((resolve) => {
        const call = open(Kind.PING_PONG, payload, () => {
          const next = onAnswer();
          if (next === "send") {
            framed.send(Kind.PING_PONG, call, codec.encodeRequest(payload));
          } else if (next === "end") {
            waiting.delete(call);
            resolve();
          }
        });
      });
    },

    // The framing has no way to end a stream from this side except to disconnect, so each download has its own
    // connection.
    async download(payloadBytes, onMessages) {
      const own = connect(address);
      await new Promise<void>((resolve) => {
        const stream = new FramedSocket(own, (_kind, _call, body) => {
          codec.decodeResponse(body);
          if (!own.destroyed && !onMessages(1)) {
            own.destroy();
            resolve();
          }
        });
        stream.send(Kind.DOWNLOAD, 0, codec.encodeRequest(new Uint8Array(payloadBytes)));
      });
    },

    upload(payload, hasMore) {
      return new Promise((resolve) => {
        framed.pump(() => {
          if (hasMore()) {
            framed.send(Kind.UPLOAD, 0, codec.encodeRequest(payload));
            return true;
          }
          open(Kind.END, new Uint8Array(), (answer) => resolve(Number(Buffer.from(answer).toString())));
          return false;
        });
      });
    },
  };
}
