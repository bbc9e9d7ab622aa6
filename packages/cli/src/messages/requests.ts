import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { DescriptorSource } from "../descriptors/source.js";
import { usage } from "../failure.js";
import { openInput } from "../grammar/input.js";
import { jsonValues } from "./json-values.js";
import { messageFrom } from "./message-json.js";

/**
 * Returns the request of a method that takes exactly one.
 *
 * @param argument the user's argument: JSON, `@file` or `-`; undefined for an empty message.
 */
export async function singleRequest(
  method: DescMethod,
  argument: string | undefined,
  source: DescriptorSource,
): Promise<Message> {
  let only: string | undefined;
  for await (const text of jsonValues(openInput(argument ?? "{}"))) {
    if (only !== undefined) {
      throw usage(`${method.name} takes one request, but the input has more than one message`);
    }
    only = text;
  }
  if (only === undefined) {
    throw usage(`${method.name} takes one request, but the input has none`);
  }
  return messageFrom(method.input, only, source, "the request");
}

/**
 * Yields the requests of a method that takes a stream of them, as they arrive. They are read from standard input unless
 * the user gave an argument.
 */
export async function* requestStream(
  method: DescMethod,
  argument: string | undefined,
  source: DescriptorSource,
): AsyncIterable<Message> {
  let number = 0;
  for await (const text of jsonValues(openInput(argument ?? "-"))) {
    number += 1;
    yield await messageFrom(method.input, text, source, `request ${number}`);
  }
}
