import { type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";

/**
 * The format in which the runner and its programs exchange messages: each message follows its length, four bytes in
 * big-endian order.
 */
const lengthBytes = 4;

/** Yields the messages of a stream as they arrive. */
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
