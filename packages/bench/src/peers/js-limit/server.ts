import { createServer } from "node:net";
import { serverProgram } from "../../program/server-program.js";
import { codecOf } from "../shared/codec.js";
import { FramedSocket, Kind } from "./framed-socket.js";

await serverProgram((address, _job, own) => {
  const codec = codecOf(own);
  const server = createServer((socket) => {
    let uploaded = 0;
    const framed = new FramedSocket(socket, (kind, call, body) => {
      switch (kind) {
        case Kind.CALL:
        case Kind.PING_PONG:
          framed.send(kind, call, codec.encodeResponse(codec.decodeRequest(body)));
          break;
        case Kind.DOWNLOAD: {
          const payload = new Uint8Array(codec.decodeRequest(body).length);
          framed.pump(() => {
            framed.send(kind, call, codec.encodeResponse(payload));
            return !socket.destroyed;
          });
          break;
        }
        case Kind.UPLOAD:
          codec.decodeRequest(body);
          uploaded++;
          break;
        case Kind.END:
          framed.send(kind, call, codec.encodeResponse(Buffer.from(String(uploaded))));
          uploaded = 0;
          break;
      }
    });
    socket.on("error", () => {}); // the client has disconnected
  });
  return new Promise<void>((resolve) => server.listen(address, resolve));
});
