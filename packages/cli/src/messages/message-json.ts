import { type DescMessage, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import type { DescriptorSource } from "../descriptors/source.js";
import { Failure } from "../failure.js";
import { registryForJson, registryForMessage } from "./any.js";
import { exactFor, parseExactJson } from "./exact-json.js";
import { parseMessage } from "./parse-message.js";

/**
 * Parses a message from JSON.
 *
 * @param where how error messages name the text: "the request", "request 3".
 * @throws {Failure} that names the invalid field and the reason.
 */
export async function messageFrom(
  desc: DescMessage,
  text: string,
  source: DescriptorSource,
  where: string,
): Promise<Message> {
  const parsed = parseExactJson(text, where);
  const registry = await registryForJson(parsed.json, source);
  return parseMessage(desc, exactFor(desc, parsed, registry, where), registry, where);
}

/**
 * Returns a message in protobuf's JSON form.
 *
 * @throws {Failure} if the message has no JSON form, such as a time after the year 9999.
 */
export async function messageJson(desc: DescMessage, message: Message, source: DescriptorSource): Promise<JsonValue> {
  try {
    return toJson(desc, message, { registry: await registryForMessage(message, source) });
  } catch (cause) {
    if (cause instanceof Failure) {
      throw cause; // the server failed to describe a type
    }
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Failure("failed", `a response of type ${desc.typeName} cannot be written as JSON: ${why}`, undefined, {
      cause,
    });
  }
}
