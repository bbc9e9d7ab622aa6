import { type DescMethod, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";

/**
 * Returns the same method with messages whose bytes are passed on without being parsed. A load of such calls costs this
 * process little, so that the server is what is measured.
 */
export function opaqueMethod(method: DescMethod): DescMethod {
  return { ...method, input: EmptySchema, output: EmptySchema };
}

/**
 * Returns the same message for a method made by `opaqueMethod`: all its fields are unknown to the empty message type,
 * which writes unknown fields out unchanged.
 */
export function opaqueMessage({ input }: DescMethod, message: Message): Message {
  return fromBinary(EmptySchema, toBinary(input, message));
}
