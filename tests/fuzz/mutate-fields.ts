import type { Random } from "./random.js";

/** Valid and invalid values of the fields of HTTP/2 and gRPC. */
const names = [
  ...[
    ":method",
    ":path",
    ":scheme",
    ":authority",
    ":status",
    ":protocol",
    ":",
    "",
    "te",
    "connection",
    "Upper",
    "host",
  ],
  ...[
    "content-length",
    "content-type",
    "cookie",
    "x-bin",
    "x-any",
    "grpc-timeout",
    "grpc-encoding",
    "grpc-accept-encoding",
  ],
  ...["grpc-status", "grpc-message", "grpc-status-details-bin", "user-agent", "x-é", "a b", "x-bad-bin", "trailer"],
  ...["connect-protocol-version", "connect-timeout-ms", "x-http-method-override", "expect", "transfer-encoding"],
];
const values = [
  ...[
    "",
    "0",
    "1",
    "7",
    "00",
    "-1",
    "16",
    "17",
    "99",
    "100",
    "101",
    "200",
    "204",
    "304",
    "404",
    "500",
    "999",
    "2147483648",
  ],
  ...[
    "POST",
    "GET",
    "HEAD",
    "CONNECT",
    "OPTIONS",
    "*",
    "/",
    "//",
    "/?",
    "http",
    "localhost",
    "trailers",
    "gzip",
    "identity",
  ],
  ...[
    "application/grpc",
    "application/grpc+proto",
    "application/grpc+json",
    "application/grpc-web",
    "application/proto",
  ],
  ...[
    "application/json",
    "application/grpcx",
    "text/html",
    "gzip,deflate",
    "br",
    "1S",
    "0n",
    "99999999H",
    "1x",
    "1",
    "S",
  ],
  ...[
    "%",
    "%zz",
    "%F0%9F%98%80",
    "%FF%FE",
    "é",
    "\u0000",
    "a\nb",
    " a",
    "a ",
    "\t",
    "AAAA",
    "====",
    "CAUSBGhleXk",
    "not base64!",
  ],
  ...[
    "/vyra.test.EchoService/Unary",
    "/vyra.test.EchoService/BidiStream",
    "/vyra.test.EchoService/",
    "/grpc.health.v1.Health/Check",
  ],
];

/** Fields of other kinds of requests and responses. */
const replacements: readonly (readonly [name: string, value: string])[] = [
  ...([400, 401, 404, 429, 503, 418, 103, 302].map((status) => [":status", String(status)]) as [string, string][]),
  ["content-type", "text/html"],
  ["content-type", "application/grpc+json"],
  ["content-type", "application/json"],
  ["content-type", "application/connect+proto"],
  ["content-type", "application/grpc-web+proto"],
  ["grpc-status", "8"],
  ["grpc-status", "99"],
  ["grpc-encoding", "gzip"],
  ["grpc-timeout", "1n"],
  ["grpc-timeout", "99999999H"],
  [":path", "/vyra.test.EchoService/Nope"],
  [":path", "/vyra.test.EchoService/ClientStream?a=b"],
  [":method", "GET"],
];

/** Returns a field list with one field changed. */
export function mutateFields(fields: readonly string[], random: Random): string[] {
  const changed = [...fields];
  if (random.chance(0.3)) {
    const [name, value] = random.pick(replacements);
    const place = changed.indexOf(name);
    if (place !== -1) changed[place + 1] = value;
    else changed.push(name, value);
    return changed;
  }
  const at = 2 * random.below(changed.length / 2 + 1);
  const value = () => random.pick([random.pick(values), "v".repeat(random.below(2_000)), String(random.next())]);
  switch (random.below(7)) {
    case 0:
      changed.splice(at, 2);
      break;
    case 1:
      changed.splice(at, 0, random.pick(names), value());
      break;
    case 2:
      changed.push(random.pick(names), value());
      break;
    case 3:
      changed.splice(at, 0, ...changed.slice(at, at + 2));
      break;
    case 4: {
      const moved = changed.splice(at, 2);
      changed.splice(2 * random.below(changed.length / 2 + 1), 0, ...moved);
      break;
    }
    case 5:
      if (at < changed.length) changed[at] = random.pick(names);
      break;
    default:
      if (at < changed.length) changed[at + 1] = value();
  }
  return changed;
}
