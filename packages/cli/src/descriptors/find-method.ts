import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { usage } from "../failure.js";
import { didYouMean, nearest } from "../terminal/suggest.js";
import { type DescriptorSource, isInfrastructure, isReflection } from "./source.js";

/** A method's name as gRPC's path has it: `vyra.ipc.BackendService/GetStatus`. */
export function methodName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}

/**
 * Finds a method by its full name, `vyra.ipc.BackendService/GetStatus` (a dot will do for the slash), or by as much of its end as
 * is enough to tell it from all others: `BackendService/GetStatus`, `GetStatus`.
 *
 * @throws {Failure} if there is none, with the one that was probably meant, or more than one.
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
  const found = offered.length > 0 ? offered : ending; // Watch is the server's own before it is Health's
  if (found.length === 1) {
    return found[0] as DescMethod;
  }
  if (found.length > 1) {
    throw usage(`${text} could be any of ${found.map(methodName).join(", ")}: say which`);
  }
  throw usage(`there is no method ${text} at ${source.origin}${suggestion(name, all)}`);
}

/** All services that the source tells of, but those of reflection itself. */
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

/** Whether the full name is this one, or ends with it after a dot. */
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

/** Compared with as many parts of each method's name as were given. */
function suggestion(name: string, methods: readonly DescMethod[]): string {
  const parts = name.split(".").length;
  const byEnd = new Map(
    methods.map((method) => [`${method.parent.typeName}.${method.name}`.split(".").slice(-parts).join("."), method]),
  );
  const found = byEnd.get(nearest(name, byEnd.keys()) ?? "");
  return didYouMean(found && methodName(found));
}
