// The peers: how each of them is prepared and started, and what it cannot do.
import { join } from "node:path";
import type { ChannelOptions } from "@vyra/ipc";
import { compiled, suiteFolder } from "../support/folders.js";
import type { Command, Env } from "../support/programs.js";
import { prepareCpp, prepareGo, prepareGrpcJs, prepareGrpcurl, preparePython } from "./toolchains.js";

export type EngineName = NonNullable<ChannelOptions["engine"]>;

/** The commands of a peer whose toolchain is installed. */
export interface Programs {
  readonly env?: Env;
  /** The command that serves at a socket's path. */
  readonly server?: (path: string) => Command;
  /** The command that runs cases against the server at a socket's path. */
  readonly client: (path: string, cases: readonly string[]) => Command;
}

export type ServingPrograms = Programs & Required<Pick<Programs, "server">>;

/** What a pairing needs to know of its two sides. */
export interface Traits {
  readonly title: string;
  readonly isOurs?: boolean;
  /** Whether its server cannot distinguish a compressed request from an uncompressed one. */
  readonly cannotSeeCompression?: boolean;
  /** The cases that cannot be run against its server, with the reasons. */
  readonly serverCannot?: Readonly<Record<string, string>>;
  /** The cases that its client cannot run, with the reasons. */
  readonly clientCannot?: Readonly<Record<string, string>>;
}

/** A toolchain that is missing on this machine: what to install. */
export interface Missing {
  readonly missing: string;
}

export interface Peer extends Traits {
  /** The name of the peer for `--peer`. */
  readonly name: string;
  /** Whether it has a server. */
  readonly serves: boolean;
  /** Whether its server reads MAX_CONNECTION_AGE_MS. */
  readonly endsOldConnections?: boolean;
  readonly prepare: () => Promise<Missing | (Programs & { readonly version: string })>;
}

const folder = suiteFolder("interop");

const grpcurlCannotCompress = "grpcurl does not compress";
const grpcurlCannotCancel = "grpcurl cannot cancel a call";

export const peers: readonly Peer[] = [
  {
    name: "python",
    title: "Python",
    serves: true,
    prepare: () => python("server.py", "client.py"),
    cannotSeeCompression: true,
  },
  {
    name: "python-aio",
    title: "Python asyncio",
    serves: true,
    prepare: () => python("aio_server.py", "aio_client.py"),
    cannotSeeCompression: true,
    clientCannot: {
      status_during_upload:
        "grpcio's asyncio client reports INTERNAL for any call that ends while it writes, " +
        "also with grpcio's own server",
    },
  },
  {
    name: "grpc-js",
    title: "grpc-js",
    serves: true,
    prepare: async () => ({ ...grpcJsPrograms, version: prepareGrpcJs().version }),
    endsOldConnections: true,
    cannotSeeCompression: true,
    serverCannot: {
      server_compressed_unary: "a grpc-js server never compresses",
      server_compressed_streaming: "a grpc-js server never compresses",
    },
  },
  {
    name: "go",
    title: "Go",
    serves: true,
    async prepare() {
      const tools = await prepareGo();
      if ("missing" in tools) {
        return tools;
      }
      const { peer, version } = tools;
      return {
        version,
        server: (path) => [peer, "server", `unix:${path}`],
        client: (path, cases) => [peer, "client", `unix://${path}`, ...cases],
      };
    },
    endsOldConnections: true,
  },
  {
    name: "cpp",
    title: "C++",
    serves: true,
    async prepare() {
      const tools = await prepareCpp();
      if ("missing" in tools) {
        return tools;
      }
      const { server, client, version } = tools;
      return {
        version,
        server: (path) => [server, `unix:${path}`],
        client: (path, cases) => [client, `unix://${path}`, ...cases],
      };
    },
  },
  {
    name: "grpcurl",
    title: "grpcurl",
    serves: false,
    async prepare() {
      const tools = await prepareGrpcurl();
      if ("missing" in tools) {
        return tools;
      }
      const { grpcurl, version } = tools;
      const client = compiled("interop/grpcurl/client.js");
      return { version, client: (path, cases) => [process.execPath, client, grpcurl, path, ...cases] };
    },
    clientCannot: {
      client_compressed_unary: grpcurlCannotCompress,
      client_compressed_streaming: grpcurlCannotCompress,
      cancel_after_begin: grpcurlCannotCancel,
      cancel_after_first_response: grpcurlCannotCancel,
      cancel_seen_unary: grpcurlCannotCancel,
      cancel_seen_stream: grpcurlCannotCancel,
      concurrent_calls: "grpcurl makes one call per process",
      status_before_half_close: "grpcurl looks at the status only after its input has ended",
      server_gone_and_back: "grpcurl makes one call per process",
    },
  },
];

/** The programs on grpc-js. Its client takes an address in grpc-js' form. */
export const grpcJsPrograms: ServingPrograms = {
  server: (path) => [process.execPath, compiled("interop/grpc-js/server.js"), `unix:${path}`],
  client: (path, cases) => grpcJsClient(`unix://${path}`, cases),
};

/** The client on grpc-js, which runs cases against the server at an address. */
export function grpcJsClient(address: string, cases: readonly string[]): Command {
  return [process.execPath, compiled("interop/grpc-js/client.js"), address, ...cases];
}

/** One side of a pairing. */
export interface Side<P extends Programs = Programs> {
  readonly peer: Traits;
  readonly programs: P;
}

/** Our programs, with one engine. */
export function ourSide(engine: EngineName): Side<ServingPrograms> {
  const [server, client] = [compiled("interop/vyra/server.js"), compiled("interop/vyra/client.js")];
  return {
    peer: { title: "@vyra/ipc", isOurs: true },
    programs: {
      server: (path) => [process.execPath, server, engine, `unix:${path}`],
      client: (path, cases) => [process.execPath, client, engine, path, ...cases],
    },
  };
}

async function python(server: string, client: string): ReturnType<Peer["prepare"]> {
  const tools = await preparePython();
  if ("missing" in tools) {
    return tools;
  }
  const { python, env, version } = tools;
  return {
    version,
    env,
    server: (path) => [python, join(folder, "python", server), `unix:${path}`],
    client: (path, cases) => [python, join(folder, "python", client), `unix://${path}`, ...cases],
  };
}
