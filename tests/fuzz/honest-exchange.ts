import { ClientConnection, HeaderBlock, NO_FIELDS, ServerConnection } from "@vyra/http2";
import { joined } from "./memory-socket.js";

const post = HeaderBlock.of([":method", "POST", ":scheme", "http", ":path", "/", ":authority", "localhost"]);
const ok = HeaderBlock.of([":status", "200"]);
const done = HeaderBlock.of(["x-status", "0"]);

/**
 * One exchange between a correct client and a correct server of ours: the response that the client got, and the request
 * that the server got.
 */
export async function exchangeOnce(text: string): Promise<readonly [string, string]> {
  const [near, far] = joined();
  let received = "";
  const server = new ServerConnection(far.asSocket(), {
    onStream: () => ({
      onData(stream, buffer, start, end, endStream) {
        received += Buffer.from(buffer.subarray(start, end)).toString();
        if (endStream) stream.reply(ok, NO_FIELDS, null, Buffer.from(received), done);
      },
      onTrailers() {},
      onReset() {},
    }),
  });
  const client = new ClientConnection(near.asSocket());
  let answer = "";
  await new Promise<void>((resolve, reject) => {
    client.requestMessage(post, NO_FIELDS, null, Buffer.from(text), {
      onHeaders() {},
      onData(_stream, buffer, start, end) {
        answer += Buffer.from(buffer.subarray(start, end)).toString();
      },
      onTrailers: () => resolve(),
      onReset: (_stream, error) => reject(error),
    });
  });
  client.destroy();
  server.destroy();
  return [answer, received];
}
