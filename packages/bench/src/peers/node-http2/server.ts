import { createServer, type ServerHttp2Stream } from "node:http2";
import { serverProgram } from "../../program/server-program.js";
import { Body } from "../shared/body.js";
import { codecOf } from "../shared/codec.js";
import { maxSessionMemory, sessionWindow } from "./options.js";

const headers = { ":status": 200, "content-type": "application/octet-stream" };

await serverProgram((address, _job, own) => {
  const codec = codecOf(own);

  function echo(stream: ServerHttp2Stream): void {
    const body = new Body();
    stream.on("data", (piece: Buffer) => body.add(piece));
    stream.on("end", () => {
      respond(stream);
      stream.end(codec.encodeResponse(codec.decodeRequest(body.whole())));
    });
  }

  const server = createServer({ maxSessionMemory });
  server.on("stream", (stream, { ":path": path }) => {
    stream.on("error", () => {}); // the client has disconnected
    switch (path) {
      case "/echo":
        return echo(stream);
      case "/ping-pong":
        respond(stream);
        stream.on("data", (piece: Buffer) => stream.write(piece));
        stream.on("end", () => stream.end());
        return;
      case "/download":
        respond(stream);
        return download(stream);
      case "/upload":
        respond(stream);
        return upload(stream);
    }
  });
  server.on("session", (session) => {
    session.on("error", () => {});
    session.setLocalWindowSize(sessionWindow);
  });
  return new Promise<void>((resolve) => server.listen(address, resolve));
});

function respond(stream: ServerHttp2Stream): void {
  stream.respond(headers, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ result: "0" }));
}

function download(stream: ServerHttp2Stream): void {
  stream.once("data", (request: Buffer) => {
    const payload = new Uint8Array(request.length);
    const fill = (): void => {
      while (!stream.destroyed && stream.write(payload)) {}
    };
    stream.on("drain", fill);
    fill();
  });
}

function upload(stream: ServerHttp2Stream): void {
  let received = 0;
  stream.on("data", (piece: Buffer) => {
    received += piece.length;
  });
  stream.on("end", () => stream.end(String(received)));
}
