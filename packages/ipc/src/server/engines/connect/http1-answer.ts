import type { ServerResponse } from "node:http";
import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import { envelopeOf, statusFields } from "../../../grpc/index.js";
import { memoryOverhead } from "../../../messages/unfinished-message.js";
import type { Http1Connection } from "./http1-memory.js";
import { isEnveloped } from "./whole-messages.js";

/** Takes what {@link inRoom} has counted off the connection's account when it has left. */
export function discountAnswer(res: ServerResponse, contentType: string, account: Http1Connection["account"]): void {
  const isInEnvelope = isEnveloped(contentType);
  const write = res.write.bind(res) as (chunk: Uint8Array, encoding: string, onLeft: Callback) => boolean;
  res.write = ((chunk: Uint8Array, encoding: string, onLeft?: Callback) => {
    return write(chunk, encoding, (error) => {
      account.waiting(-costOf(chunk, isInEnvelope));
      onLeft?.(error);
    });
  }) as typeof res.write;
}

/** Connect holds a message beside its envelope until the next is asked for. */
function costOf({ length }: Uint8Array, isInEnvelope: boolean): number {
  return (isInEnvelope ? 2 : 1) * length + memoryOverhead;
}

type Callback = (error?: Error | null) => void;

/**
 * An answer whose parts are made when there is room for what they will probably be: as large as the largest before them. One for whose first
 * part there is no room is ResourceExhausted; a later one of that kind ends the connection, as nothing else can be said any more. Each part is
 * on the connection's account from the moment when it is there.
 */
export async function inRoom(
  response: UniversalServerResponse,
  contentType: string,
  connection: Http1Connection,
): Promise<UniversalServerResponse> {
  const parts = response.body?.[Symbol.asyncIterator]();
  if (parts === undefined) {
    return response;
  }
  let first: IteratorResult<Uint8Array> | undefined = await parts.next();
  const isInEnvelope = isEnveloped(contentType);
  let largest = first.done === true ? 0 : costOf(first.value, isInEnvelope);
  if (!connection.hasRoomFor(largest)) {
    const { body, ...rest } = refusal(noRoom(largest, connection), contentType);
    parts.return?.().catch(() => {});
    return body === undefined ? rest : { ...rest, body: one(counted(body)) };
  }
  if (first.done !== true) {
    counted(first.value);
  }
  const body: AsyncIterableIterator<Uint8Array> = {
    [Symbol.asyncIterator]: () => body,
    async next() {
      if (first !== undefined) {
        const result = first;
        first = undefined;
        return result;
      }
      await connection.roomFor(largest);
      const result = await parts.next();
      const cost = result.done === true ? 0 : costOf(result.value, isInEnvelope);
      if (cost > largest) {
        largest = cost;
        if (!connection.hasRoomFor(largest)) {
          throw noRoom(largest, connection);
        }
      }
      if (result.done !== true) {
        counted(result.value);
      }
      return result;
    },
    return: (value) => parts.return?.(value) ?? Promise.resolve({ done: true, value }),
    throw: (error) => parts.throw?.(error) ?? Promise.reject(error),
  };
  return { ...response, body };

  function counted(bytes: Uint8Array): Uint8Array {
    connection.account.waiting(costOf(bytes, isInEnvelope));
    return bytes;
  }
}

function noRoom(bytes: number, { account, memory }: Http1Connection): ConnectError {
  const { heldBytes } = memory.limits.shared;
  const where = `${account.waitingBytes} bytes wait already for this caller, of ${heldBytes} that the server holds`;
  return new ConnectError(`there is no room for an answer of ${bytes} bytes: ${where}`, Code.ResourceExhausted);
}

interface Refusal extends Omit<UniversalServerResponse, "body"> {
  readonly body?: Uint8Array;
}

/** The error in the form of the protocol that was asked in. */
function refusal(error: ConnectError, contentType: string): Refusal {
  const header = new Headers({ "content-type": contentType });
  if (contentType.startsWith("application/grpc")) {
    const [status, code, name, message] = statusFields(error) as [string, string, string, string];
    return contentType.startsWith("application/grpc-web")
      ? { status: 200, header, body: enveloped(trailersFlag, `${status}: ${code}\r\n${name}: ${message}\r\n`) }
      : { status: 200, header, trailer: new Headers({ [status]: code, [name]: message }) };
  }
  const said = { code: "resource_exhausted", message: error.rawMessage };
  return contentType.startsWith("application/connect+")
    ? { status: 200, header, body: enveloped(endStreamFlag, JSON.stringify({ error: said })) }
    : {
        status: 429,
        header: new Headers({ "content-type": "application/json" }),
        body: Buffer.from(JSON.stringify(said)),
      };
}

/** The envelope with the call's status, in Connect and in gRPC-Web. */
const endStreamFlag = 2;
const trailersFlag = 128;

function enveloped(flags: number, text: string): Uint8Array {
  const bytes = Buffer.from(text);
  return Buffer.concat([envelopeOf(bytes.length, flags), bytes]);
}

async function* one(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
