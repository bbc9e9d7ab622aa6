import assert from "node:assert/strict";
import { describe } from "node:test";
import { Code, type Interceptor } from "@connectrpc/connect";
import {
  type Channel,
  type ChannelOptions,
  createChannel,
  resolveSocket,
  type ServeOptions,
  type Server,
  serve,
} from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { createEcho, type Echo } from "./echo.js";
import { all, failure, iterate } from "./expect.js";

/** The engines on either side of a call. */
export interface Pair {
  readonly client: NonNullable<ChannelOptions["engine"]>;
  readonly server: NonNullable<ServeOptions["engine"]>;
}

export const serverEngines = ["direct", "node"] as const satisfies readonly Pair["server"][];
export const clientEngines = ["direct", "node", "undici"] as const satisfies readonly Pair["client"][];

// The application brings this package along. It is loaded beforehand so that no test's deadline includes loading it.
await import("undici");

const pairs: readonly Pair[] = clientEngines.flatMap((client) => serverEngines.map((server) => ({ client, server })));

/** Declares tests that must pass for every pair of a client engine and a server engine. */
export function describePairs(name: string, body: (pair: Pair) => void): void {
  for (const pair of pairs) {
    describe(`${name}, ${pair.client} to ${pair.server}`, () => body(pair));
  }
}

/** A server of the echo service and a channel to it, closed together. */
export interface Setup extends AsyncDisposable {
  readonly server: Server;
  readonly channel: Channel;
  readonly client: ReturnType<typeof clientOf>;
  readonly echo: Echo;
  /** The errors that were passed to the server's `onError`. */
  readonly reported: { error: unknown; method: string }[];
}

/** The deadline of calls that are to succeed, however busy the machine is. */
const patienceMs = 60_000;

let counter = 0;

/** Returns a module name that no other test uses. */
export function freshName(): string {
  return `t${process.pid}-${counter++}`;
}

export async function setUp(
  pair: Pair,
  serveOptions: Partial<ServeOptions> = {},
  channelOptions: ChannelOptions = {},
): Promise<Setup> {
  const { socket = freshName() } = serveOptions;
  if (typeof socket !== "string") {
    throw new TypeError("a channel needs an address to dial");
  }
  const echo = createEcho();
  const reported: Setup["reported"] = [];
  const server = await serve({
    engine: pair.server,
    signals: false,
    graceMs: 100,
    onError: (error, { method }) => reported.push({ error, method }),
    routes: (router) => router.service(EchoService, echo),
    ...serveOptions,
    socket,
  });
  const channel = createChannel(socket, { engine: pair.client, timeoutMs: patienceMs, ...channelOptions });
  return {
    server,
    channel,
    client: clientOf(channel),
    echo,
    reported,
    async [Symbol.asyncDispose]() {
      await channel.close();
      await server.close();
    },
  };
}

function clientOf(channel: Channel) {
  return channel.client(EchoService);
}

/** Returns the path of the socket file at an address. An abstract name has none. */
export function pathOf(socket: string): string {
  const { path } = resolveSocket(socket);
  assert.ok(path !== undefined, `${socket} is not the address of a file`);
  return path;
}

/** A server of the echo service with these handlers, which may return or throw anything, and a channel to it. */
export function setUpHandlers(pair: Pair, handlers: object, options: Partial<ServeOptions> = {}): Promise<Setup> {
  return setUp(pair, { routes: (router) => router.service(EchoService, handlers), ...options });
}

/** Options that make calls pass through interceptors. */
export const throughInterceptor = { interceptors: [(next) => next] satisfies Interceptor[] };

/** Asserts that a server whose handlers do not include this one still answers on its existing connection. */
export async function assertServes({ channel, server }: Pick<Setup, "channel" | "server">): Promise<void> {
  await failure(channel.client(EchoService).unaryNoSideEffects({}), Code.Unimplemented);
  assert.equal(server.stats().connections, 1);
}

/** A call of each kind, two of them unary. */
export function callsOfAllKinds(client: Setup["client"]): Promise<unknown>[] {
  return [
    client.unary({}),
    client.unaryIdempotent({}),
    all(client.serverStream({})),
    client.clientStream(iterate([])),
    all(client.bidiStream(iterate([]))),
  ];
}
