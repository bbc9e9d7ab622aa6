import { packageVersion } from "../gen/version.js";

/** The default `:authority` of requests, which gRPC specifies for Unix sockets. */
export const defaultAuthority = "localhost";

/** The name of this library: `"grpc-" Language "-" Variant "/" Version` in gRPC's PROTOCOL-HTTP2. */
const ownUserAgent = `grpc-node-vyra/${packageVersion}`;

/**
 * Returns the `user-agent` of a transport's requests: the application's name, if it is set, before that of the library,
 * as gRPC specifies.
 */
export function userAgentOf(application: string | undefined): string {
  return application === undefined ? ownUserAgent : `${application} ${ownUserAgent}`;
}

/** Refuses values that are not valid header fields. @throws {TypeError} */
export function assertAuthorityAndUserAgent(authority: string | undefined, userAgent: string | undefined): void {
  if (authority !== undefined && !(isText(authority, /^[^\s/?#@\\]+$/) && URL.canParse(`http://${authority}`))) {
    throw new TypeError(`authority must be a host with an optional port, not ${JSON.stringify(authority)}`);
  }
  if (userAgent !== undefined && !isText(userAgent, /^\S(?:.*\S)?$/)) {
    throw new TypeError(`userAgent must be a name such as "my-app/1.2" in ASCII, not ${JSON.stringify(userAgent)}`);
  }
}

function isText(value: unknown, form: RegExp): boolean {
  return typeof value === "string" && /^[\x20-\x7e]*$/.test(value) && form.test(value);
}
