import "./instrumentation.js"; // before grpc-js itself
import {
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientUnaryCall,
  type ClientWritableStream,
  credentials,
  Metadata,
  type requestCallback,
  type ServiceError,
} from "@grpc/grpc-js";
import { type Connection, fail } from "../../load/connection.js";
import { clientProgram } from "../../program/client-program.js";
import { requestHeader, timeoutMs } from "../shared/extras.js";
import { portAt } from "../tcp/port.js";
import { grpcJsInterceptors } from "./interceptors.js";
import { BenchService, options } from "./package.js";

interface Message {
  payload: Uint8Array;
}

/** The methods that proto-loader's client has at run time. */
interface BenchClient {
  waitForReady(deadline: Date, callback: (error?: Error) => void): void;
  echo(request: Message, callback: requestCallback<Message>): ClientUnaryCall;
  echo(request: Message, metadata: Metadata, options: object, callback: requestCallback<Message>): ClientUnaryCall;
  pingPong(): ClientDuplexStream<Message, Message>;
  download(request: { payloadBytes: number }): ClientReadableStream<Message>;
  upload(callback: requestCallback<{ count: number }>): ClientWritableStream<Message>;
}

/** The same policy as the default of retry() in @vyra/ipc. */
const retries = JSON.stringify({
  methodConfig: [
    {
      name: [{}],
      retryPolicy: {
        maxAttempts: 4,
        initialBackoff: "0.02s",
        maxBackoff: "1s",
        backoffMultiplier: 3,
        retryableStatusCodes: ["UNAVAILABLE"],
      },
    },
  ],
});

await clientProgram(async (address, { withExtras, adds }, [network]) => {
  const channelOptions = {
    ...options,
    "grpc.use_local_subchannel_pool": 1, // each client gets its own connection, since the job may ask for many
    ...(withExtras || adds === "retry" ? { "grpc.service_config": retries } : {}),
    interceptors: grpcJsInterceptors(adds),
  };
  const client = new BenchService(
    network === "tcp" ? `127.0.0.1:${portAt(address)}` : `unix:${address}`,
    credentials.createInsecure(),
    channelOptions,
  ) as unknown as BenchClient;
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(new Date(Date.now() + timeoutMs), (error) => (error ? reject(error) : resolve()));
  });
  return connection(client, withExtras);
});

function connection(client: BenchClient, withExtras: boolean): Connection {
  let calls = 0;
  return {
    call(payload, done) {
      const answered = (error: ServiceError | null, answer?: Message): void =>
        error ? fail(error) : done((answer as Message).payload.length);
      if (!withExtras) {
        client.echo({ payload }, answered);
        return;
      }
      const metadata = new Metadata();
      metadata.set(requestHeader, String(calls++));
      client.echo({ payload }, metadata, { deadline: Date.now() + timeoutMs }, answered).on("metadata", () => {});
    },

    pingPong(payload, onAnswer) {
      const stream = client.pingPong();
      stream.on("error", fail);
      stream.on("data", () => {
        const next = onAnswer();
        if (next === "send") {
          stream.write({ payload });
        } else if (next === "end") {
          stream.end();
        }
      });
      stream.write({ payload });
      return new Promise((resolve) => stream.on("end", resolve));
    },

    download(payloadBytes, onMessages) {
      const stream = client.download({ payloadBytes });
      return new Promise((resolve) => {
        let isOver = false;
        stream.on("error", (error) => (isOver ? undefined : fail(error)));
        stream.on("data", () => {
          if (!isOver && !onMessages(1)) {
            isOver = true;
            stream.cancel();
            resolve();
          }
        });
      });
    },

    upload(payload, hasMore) {
      return new Promise((resolve) => {
        const stream = client.upload((error, answer) => (error ? fail(error) : resolve(answer?.count ?? 0)));
        const fill = (): void => {
          while (hasMore()) {
            if (!stream.write({ payload })) {
              return;
            }
          }
          stream.end();
        };
        stream.on("drain", fill);
        fill();
      });
    },
  };
}
