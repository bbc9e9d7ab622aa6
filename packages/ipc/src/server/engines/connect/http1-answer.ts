import type { ServerResponse } from "node:http";
import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import { envelopeOf, isEnveloped, isGrpcFamily, statusFields } from "../../../grpc/index.js";
import { memoryOverhead } from "../../../messages/unfinished-message.js";
import type { Http1Connection } from "./http1-memory.js";

/** Removes parts of a response, which {@link limitResponse} has recorded, from the account when they have been sent. */
export function releaseWhenSent(res: ServerResponse, contentType: string, account: Http1Connection["account"]): void {
  const isInEnvelope = isEnveloped(contentType);
  const write = res.write.bind(res) as (chunk: Uint8Array, encoding: string, onSent: Callback) => boolean;
  res.write = ((chunk: Uint8Array, encoding: string, onSent?: Callback) => {
    return write(chunk, encoding, (error) => {
      account.waiting(-costOf(chunk, isInEnvelope));
      onSent?.(error);
    });
  }) as typeof res.write;
}

/**
 * Returns the memory of a part, in bytes. Connect keeps a message beside its envelope until the next one is requested.
 */
function costOf({ length }: Uint8Array, isInEnvelope: boolean): number {
  return (isInEnvelope ? 2 : 1) * length + memoryOverhead;
}

type Callback = (error?: Error | null) => void;

/**
 * Returns a response whose parts are produced only when there is room for them, and are recorded on the connection's
 * account as soon as they exist. The next part is assumed to be as large as the largest one so far. If there is no room
 * for the first part, the response is ResourceExhausted. If there is none for a later one, the connection ends, since
 * no error can be sent any more.
 */
export async function limitResponse(
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
    return body === undefined ? rest : { ...rest, body: one(record(body)) };
  }
  if (first.done !== true) {
    record(first.value);
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
        record(result.value);
      }
      return result;
    },
    return: (value) => parts.return?.(value) ?? Promise.resolve({ done: true, value }),
    throw: (error) => parts.throw?.(error) ?? Promise.reject(error),
  };
  return { ...response, body };

  function record(bytes: Uint8Array): Uint8Array {
    connection.account.waiting(costOf(bytes, isInEnvelope));
    return bytes;
  }
}

function noRoom(bytes: number, { account, memory }: Http1Connection): ConnectError {
  const { heldBytes } = memory.limits.shared;
  const held = `${account.waitingBytes} bytes wait for this caller, and the server holds ${heldBytes} bytes in total`;
  return new ConnectError(`there is no room for a response of ${bytes} bytes: ${held}`, Code.ResourceExhausted);
}

interface Refusal extends Omit<UniversalServerResponse, "body"> {
  readonly body?: Uint8Array;
}

/** Returns the response for an error in the protocol of the request, which its content type tells. */
function refusal(error: ConnectError, contentType: string): Refusal {
  const header = new Headers({ "content-type": contentType });
  if (isGrpcFamily(contentType)) {
    const [status, code, name, message] = statusFields(error) as [string, string, string, string];
    return contentType.startsWith("application/grpc-web")
      ? { status: 200, header, body: enveloped(trailersFlag, `${status}: ${code}\r\n${name}: ${message}\r\n`) }
      : { status: 200, header, trailer: new Headers({ [status]: code, [name]: message }) };
  }
  const json = { code: "resource_exhausted", message: error.rawMessage };
  return contentType.startsWith("application/connect+")
    ? { status: 200, header, body: enveloped(endStreamFlag, JSON.stringify({ error: json })) }
    : {
        status: 429,
        header: new Headers({ "content-type": "application/json" }),
        body: Buffer.from(JSON.stringify(json)),
      };
}

/** The flag of the envelope that contains the status of a call in Connect. */
const endStreamFlag = 2;
/** The flag of the envelope that contains the trailers in gRPC-Web. */
const trailersFlag = 128;

function enveloped(flags: number, text: string): Uint8Array {
  const bytes = Buffer.from(text);
  return Buffer.concat([envelopeOf(bytes.length, flags), bytes]);
}

async function* one(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
