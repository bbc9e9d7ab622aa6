import type { DescMessage } from "@bufbuild/protobuf";
import { type Failure, usage } from "../failure.js";

/**
 * Returns the failure for JSON that is not a valid message.
 *
 * @param where how the message names the JSON: "the request", "request 3".
 * @param path the path of the invalid field, `items[2].price`; "" for the message itself.
 */
export function invalidMessage(where: string, desc: DescMessage, path: string, reason: string): Failure {
  return usage(`${where} is not a valid ${desc.typeName}: ${path === "" ? "" : `${path}: `}${reason}`);
}
