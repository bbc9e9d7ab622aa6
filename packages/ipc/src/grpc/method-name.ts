import type { DescMethod } from "@bufbuild/protobuf";

/** Returns the full name of a method, `package.Service/Method`. On the wire it is the path behind a slash. */
export function methodName({ parent, name }: DescMethod): string {
  return `${parent.typeName}/${name}`;
}
