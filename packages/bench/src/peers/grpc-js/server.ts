import "./instrumentation.js"; // before grpc-js itself
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { serverProgram } from "../../program/server-program.js";
import { answerHeader, requestHeader } from "../shared/extras.js";
import { leavePort } from "../tcp/port.js";
import { serverInterceptors } from "./interceptors.js";
import { BenchService, options } from "./package.js";

interface Message {
  payload: Buffer;
}

await serverProgram((address, { withExtras, adds }, [network]) => {
  const server = new Server({ ...options, interceptors: serverInterceptors(adds) });
  server.addService(BenchService.service, { echo: withExtras ? echoWithExtras : echo, pingPong, download, upload });
  return new Promise<void>((resolve, reject) => {
    const target = network === "tcp" ? "127.0.0.1:0" : `unix:${address}`;
    server.bindAsync(target, ServerCredentials.createInsecure(), (error, port) => {
      if (error !== null) {
        reject(error);
        return;
      }
      leavePort(address, port);
      resolve();
    });
  });
});

function echo(call: ServerUnaryCall<Message, Message>, answer: sendUnaryData<Message>): void {
  call.getDeadline();
  answer(null, { payload: call.request.payload });
}

function echoWithExtras(call: ServerUnaryCall<Message, Message>, answer: sendUnaryData<Message>): void {
  const metadata = new Metadata();
  metadata.set(answerHeader, call.metadata.get(requestHeader)[0] ?? "");
  call.sendMetadata(metadata);
  echo(call, answer);
}

function pingPong(call: ServerDuplexStream<Message, Message>): void {
  call.on("data", ({ payload }: Message) => call.write({ payload }));
  call.on("end", () => call.end());
}

function download(call: ServerWritableStream<{ payloadBytes: number }, Message>): void {
  const message = { payload: Buffer.alloc(call.request.payloadBytes) };
  const fill = (): void => {
    while (!call.cancelled && call.write(message)) {}
  };
  call.on("drain", fill);
  fill();
}

function upload(
  call: ServerReadableStream<Message, { count: number }>,
  answer: sendUnaryData<{ count: number }>,
): void {
  let count = 0;
  call.on("data", () => count++);
  call.on("end", () => answer(null, { count }));
}
