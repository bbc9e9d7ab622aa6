import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

export function isObject(json: JsonValue): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
