import { packageVersion } from "../gen/version.js";

/** `:authority` of requests on a Unix socket, as gRPC has it unless told otherwise. */
export const defaultAuthority = "localhost";

/** What this library calls itself: `"grpc-" Language "-" Variant "/" Version` of gRPC's PROTOCOL-HTTP2. */
const ownUserAgent = `grpc-node-vyra/${packageVersion}`;

/** The `user-agent` of a transport's requests: an application's name goes before the library's, as gRPC has it. */
export function userAgentOf(application: string | undefined): string {
  return application === undefined ? ownUserAgent : `${application} ${ownUserAgent}`;
}

/** Refuses what would be no field of HTTP. @throws {TypeError} */
export function assertAuthorityAndUserAgent(authority: string | undefined, userAgent: string | undefined): void {
  if (authority !== undefined && !(isText(authority, /^[^\s/?#@\\]+$/) && URL.canParse(`http://${authority}`))) {
    throw new TypeError(`authority must be a host, perhaps with a port, not ${JSON.stringify(authority)}`);
  }
  if (userAgent !== undefined && !isText(userAgent, /^\S(?:.*\S)?$/)) {
    throw new TypeError(`userAgent must be a name such as "my-app/1.2" in ASCII, not ${JSON.stringify(userAgent)}`);
  }
}

function isText(value: unknown, form: RegExp): boolean {
  return typeof value === "string" && /^[\x20-\x7e]*$/.test(value) && form.test(value);
}
