import { type DescMethod, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";

/**
 * The same method for messages whose bytes are passed on unread. A load made of them costs this process little, so that it is the
 * server that is measured.
 */
export function opaqueMethod(method: DescMethod): DescMethod {
  return { ...method, input: EmptySchema, output: EmptySchema };
}

/** The same message for such a method: all that it has is unknown to a message without fields, and is written out as it is. */
export function opaqueMessage({ input }: DescMethod, message: Message): Message {
  return fromBinary(EmptySchema, toBinary(input, message));
}
