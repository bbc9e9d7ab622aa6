import { type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";

/** How the runner and the programs that it starts talk: each message behind its length, four bytes, big-endian. */
const lengthBytes = 4;

/** The messages of a stream, as they come. */
export async function* readMessages<T extends DescMessage>(
  stream: AsyncIterable<Buffer>,
  schema: T,
): AsyncGenerator<MessageShape<T>> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= lengthBytes) {
      const end = lengthBytes + rest.readUInt32BE(0);
      if (rest.length < end) {
        break;
      }
      yield fromBinary(schema, rest.subarray(lengthBytes, end));
      rest = rest.subarray(end);
    }
  }
  if (rest.length > 0) {
    throw new Error(`the input ends ${rest.length} bytes into a message`);
  }
}

/** Writes a message to standard output, in one piece. */
export function writeMessage<T extends DescMessage>(schema: T, message: MessageShape<T>): void {
  const body = toBinary(schema, message);
  const head = Buffer.alloc(lengthBytes);
  head.writeUInt32BE(body.length);
  process.stdout.write(Buffer.concat([head, body]));
}
