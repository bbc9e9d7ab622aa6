import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { usage } from "../failure.js";
import { didYouMean, nearest } from "../terminal/suggest.js";
import { type DescriptorSource, isInfrastructure, isReflection } from "./source.js";

/** Returns a method's name as in gRPC's path: `vyra.ipc.BackendService/GetStatus`. */
export function methodName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}

/**
 * Finds a method by its full name, `vyra.ipc.BackendService/GetStatus` (a dot may take the place of the slash), or by
 * an unambiguous end of its name: `BackendService/GetStatus`, `GetStatus`.
 *
 * @throws {Failure} if there is no such method (the message suggests a similar name), or more than one.
 */
export async function findMethod(source: DescriptorSource, text: string): Promise<DescMethod> {
  const name = text.replace(/^\//, "").replaceAll("/", ".");
  const exact = await findExactly(source, name);
  if (exact !== undefined) {
    return exact;
  }
  const all = (await allServices(source)).flatMap(({ methods }) => methods);
  const ending = all.filter((method) => endsWithName(`${method.parent.typeName}.${method.name}`, name));
  const offered = ending.filter(({ parent }) => !isInfrastructure(parent.typeName));
  // A method of the infrastructure, such as Health/Watch, gives way to one of the server's own services.
  const found = offered.length > 0 ? offered : ending;
  if (found.length === 1) {
    return found[0] as DescMethod;
  }
  if (found.length > 1) {
    throw usage(`${text} is ambiguous: it may be ${found.map(methodName).join(" or ")}`);
  }
  throw usage(`there is no method ${text} at ${source.origin}${suggestion(name, all)}`);
}

/** Returns all services of the source, except for reflection itself. */
export async function allServices(source: DescriptorSource): Promise<DescService[]> {
  const found: DescService[] = [];
  for (const name of await source.services()) {
    const type = isReflection(name) ? undefined : await source.find(name);
    if (type?.kind === "service") {
      found.push(type);
    }
  }
  return found;
}

/** Whether the full name equals the name, or ends with it after a dot. */
export function endsWithName(fullName: string, name: string): boolean {
  return fullName === name || fullName.endsWith(`.${name}`);
}

async function findExactly(source: DescriptorSource, name: string): Promise<DescMethod | undefined> {
  const lastDot = name.lastIndexOf(".");
  const service = lastDot === -1 ? undefined : await source.find(name.slice(0, lastDot));
  return service?.kind === "service"
    ? service.methods.find((method) => method.name === name.slice(lastDot + 1))
    : undefined;
}

/** Compares the name with the same number of trailing parts of each method's name. */
function suggestion(name: string, methods: readonly DescMethod[]): string {
  const parts = name.split(".").length;
  const byEnd = new Map(
    methods.map((method) => [`${method.parent.typeName}.${method.name}`.split(".").slice(-parts).join("."), method]),
  );
  const found = byEnd.get(nearest(name, byEnd.keys()) ?? "");
  return didYouMean(found && methodName(found));
}
