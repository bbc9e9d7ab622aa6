// Whom we talk to: how each peer is prepared and started, and what it cannot do.
import { join } from "node:path";
import { prepareCpp, prepareGo, prepareGrpcJs, prepareGrpcurl, preparePython, root } from "./toolchains.mjs";

const folder = join(root, "tests/interop");

/**
 * @typedef {object} Peer
 * @property {string} name as in --peer
 * @property {string} title
 * @property {() => Promise<{ missing: string } | { version: string }>} prepare
 * @property {(tools, path: string) => string[]} [server] the command that serves at a socket's path
 * @property {(tools, path: string, cases: string[]) => string[]} client the command that runs cases
 * @property {(tools) => object} [env]
 * @property {boolean} [endsOldConnections] whether its server heeds MAX_CONNECTION_AGE_MS
 * @property {boolean} [cannotSeeCompression] whether its server cannot tell a compressed request from another
 * @property {Record<string, string>} [serverCannot] cases that cannot be run against its server, and why
 * @property {Record<string, string>} [clientCannot] cases that its client cannot run, and why
 */

const needsCompressedRequests = {
  client_compressed_unary: "grpcurl does not compress",
  client_compressed_streaming: "grpcurl does not compress",
};
const grpcurlCannotCancel = "grpcurl cannot cancel a call";

/** @type {Peer[]} */
export const peers = [
  {
    name: "python",
    title: "Python",
    prepare: preparePython,
    env: ({ env }) => env,
    server: ({ python }, path) => [python, join(folder, "python/server.py"), `unix:${path}`],
    client: ({ python }, path, cases) => [python, join(folder, "python/client.py"), `unix://${path}`, ...cases],
    cannotSeeCompression: true,
  },
  {
    name: "python-aio",
    title: "Python asyncio",
    prepare: preparePython,
    env: ({ env }) => env,
    server: ({ python }, path) => [python, join(folder, "python/aio_server.py"), `unix:${path}`],
    client: ({ python }, path, cases) => [python, join(folder, "python/aio_client.py"), `unix://${path}`, ...cases],
    cannotSeeCompression: true,
    clientCannot: {
      status_during_upload:
        "grpcio's asyncio client gives INTERNAL, \"Internal error from Core\", for any call that ends while it writes, also with a server of grpcio's own",
    },
  },
  {
    name: "grpc-js",
    title: "grpc-js",
    prepare: prepareGrpcJs,
    server: (_, path) => [process.execPath, join(folder, "grpc-js/server.mjs"), `unix:${path}`],
    client: (_, path, cases) => [process.execPath, join(folder, "grpc-js/client.mjs"), `unix://${path}`, ...cases],
    endsOldConnections: true,
    cannotSeeCompression: true,
    serverCannot: {
      server_compressed_unary: "a server of grpc-js never compresses",
      server_compressed_streaming: "a server of grpc-js never compresses",
    },
  },
  {
    name: "go",
    title: "Go",
    prepare: prepareGo,
    server: ({ peer }, path) => [peer, "server", `unix:${path}`],
    client: ({ peer }, path, cases) => [peer, "client", `unix://${path}`, ...cases],
    endsOldConnections: true,
  },
  {
    name: "cpp",
    title: "C++",
    prepare: prepareCpp,
    server: ({ server }, path) => [server, `unix:${path}`],
    client: ({ client }, path, cases) => [client, `unix://${path}`, ...cases],
  },
  {
    name: "grpcurl",
    title: "grpcurl",
    prepare: prepareGrpcurl,
    client: ({ grpcurl }, path, cases) => [
      process.execPath,
      join(folder, "grpcurl/client.mjs"),
      grpcurl,
      path,
      ...cases,
    ],
    clientCannot: {
      ...needsCompressedRequests,
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

/** Ours, over one engine. */
export function ourPeer(engine) {
  return {
    title: "@vyra/ipc",
    isOurs: true,
    server: (_, path) => [process.execPath, join(root, "tests/dist/interop/vyra/server.js"), engine, `unix:${path}`],
    client: (_, path, cases) => [
      process.execPath,
      join(root, "tests/dist/interop/vyra/client.js"),
      engine,
      path,
      ...cases,
    ],
  };
}
