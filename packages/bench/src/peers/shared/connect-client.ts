import type { CallOptions, Client } from "@connectrpc/connect";
import type { BenchService } from "../../gen/vyra/bench/v1/bench_pb.js";
import { type Connection, fail, type Next } from "../../load/connection.js";
import { requestHeader, timeoutMs } from "./extras.js";

/** Runs the loads on any Connect client, in the way its users would write them. */
export function connectConnection(client: Client<typeof BenchService>, withExtras: boolean): Connection {
  let calls = 0;
  const callOptions = (): CallOptions | undefined =>
    withExtras ? { timeoutMs, headers: { [requestHeader]: String(calls++) }, onHeader: () => {} } : undefined;

  return {
    call(payload, done) {
      client.echo({ payload }, callOptions()).then((answer) => done(answer.payload.length), fail);
    },

    async pingPong(payload, onAnswer) {
      const gate = new Gate();
      for await (const _ of client.pingPong(requests(payload, gate))) {
        gate.open(onAnswer());
      }
    },

    async download(payloadBytes, onMessages) {
      for await (const _ of client.download({ payloadBytes })) {
        if (!onMessages(1)) {
          break;
        }
      }
    },

    async upload(payload, hasMore) {
      const { count } = await client.upload(messages(payload, hasMore));
      return Number(count);
    },
  };
}

async function* requests(payload: Uint8Array, gate: Gate) {
  do {
    yield { payload };
  } while ((await gate.passed()) === "send");
}

async function* messages(payload: Uint8Array, hasMore: () => boolean) {
  while (hasMore()) {
    yield { payload };
  }
}

/** Lets the sender of a stream wait for the decision of its receiver. */
class Gate {
  #waiting: ((next: Next) => void) | undefined;
  #next: Next | undefined;

  open(next: Next): void {
    if (next === "hold") {
      return;
    }
    if (this.#waiting === undefined) {
      this.#next = next;
      return;
    }
    this.#waiting(next);
    this.#waiting = undefined;
  }

  passed(): Promise<Next> {
    const next = this.#next;
    this.#next = undefined;
    return next === undefined
      ? new Promise((resolve) => {
          this.#waiting = resolve;
        })
      : Promise.resolve(next);
  }
}
