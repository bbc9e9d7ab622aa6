import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { DescriptorSource } from "../descriptors/source.js";
import { usage } from "../failure.js";
import { openInput } from "./input.js";
import { jsonValues } from "./json-values.js";
import { messageFrom } from "./message-json.js";

/**
 * The one request of a method that takes one.
 *
 * @param argument what the user gave: JSON, `@file` or `-`; nothing means an empty message.
 */
export async function singleRequest(
  method: DescMethod,
  argument: string | undefined,
  source: DescriptorSource,
): Promise<Message> {
  const texts: string[] = [];
  for await (const text of jsonValues(openInput(argument ?? "{}"))) {
    texts.push(text);
  }
  if (texts.length !== 1) {
    const what = texts.length === 0 ? "no message" : `${texts.length} messages`;
    throw usage(`${method.name} takes one request, and there ${texts.length > 1 ? "are" : "is"} ${what} in the input`);
  }
  return messageFrom(method.input, texts[0] as string, source, "the request");
}

/** The requests of a method that takes many, as they come; from standard input unless the user gave something else. */
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
