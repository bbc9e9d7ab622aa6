import http2 from "node:http2";
import {
  ClientConnection,
  type ClientStream,
  type ConnectionOptions,
  HeaderBlock,
  NO_FIELDS,
  type RequestHandler,
  type ResponseHandler,
  ServerConnection,
  type ServerStream,
} from "@vyra/http2";
import { joined, type MemorySocket, turns } from "./memory-socket.js";
import { Recorder, type Recording } from "./recording.js";

const request = (method: string, ...more: string[]) =>
  HeaderBlock.of([":method", method, ":scheme", "http", ":path", "/some/path", ":authority", "localhost", ...more]);
const post = request("POST", "content-type", "application/test", "te", "trailers");
const get = request("GET", "accept", "*/*");
const authorized = request("POST", "authorization", "secret", "user-agent", "fuzz");
const ok = HeaderBlock.of([":status", "200", "content-type", "application/test"]);
const hints = HeaderBlock.of([":status", "103", "link", "</style.css>"]);
const done = HeaderBlock.of(["x-status", "0"]);
const silent: ResponseHandler = { onHeaders() {}, onData() {}, onTrailers() {}, onReset() {} };

interface Conversation {
  readonly name: string;
  readonly client?: ConnectionOptions;
  readonly server?: ConnectionOptions;
  /** What the client does. */
  talk(client: ClientConnection, server: ServerConnection): Promise<void> | void;
  /** How the server answers a complete request. By default it sends the body back. */
  answer?(stream: ServerStream, body: Buffer): void;
  /** The role whose recording is used. The other role acknowledges settings that it would not be sent in a replay. */
  readonly onlyFrom?: "client" | "server";
}

const echo = (stream: ServerStream, body: Buffer) => stream.reply(ok, NO_FIELDS, null, body, done);
const many = (start: string, count: number) =>
  Array.from({ length: count }, (_, i) => [`${start}-${i}`, `value ${i * 7}`]).flat();

const conversations: readonly Conversation[] = [
  {
    name: "small exchanges",
    async talk(client) {
      for (let i = 0; i < 6; i++) {
        client.requestMessage(
          post,
          ["x-request", String(i)],
          Buffer.from([0, 0, 0, 0, 5]),
          Buffer.from("hello"),
          silent,
        );
        if (i % 2 === 0) await turns(3);
      }
    },
  },
  {
    name: "streams of pieces, pings, pauses and resets",
    async talk(client, server) {
      const streams = [post, authorized, post].map((block) => client.request(block, NO_FIELDS, false, silent));
      for (let i = 0; i < 5; i++) {
        for (const stream of streams) stream.data(Buffer.alloc(10 + i, i));
        if (i === 2) client.ping(() => {});
        if (i === 3) server.ping(() => {});
        await turns(2);
      }
      streams[0]?.trailers(done, ["x-sum", "50"]);
      streams[1]?.reset();
      streams[2]?.end();
    },
  },
  {
    name: "bodies larger than the windows",
    client: { settings: { initialWindowSize: 2_000 }, connectionWindowSize: 65_535 },
    server: { settings: { initialWindowSize: 3_000 }, connectionWindowSize: 65_535 },
    talk(client) {
      for (let i = 0; i < 3; i++) client.requestMessage(post, NO_FIELDS, null, Buffer.alloc(8_000, i), silent);
    },
  },
  {
    name: "long fields",
    talk(client) {
      client.request(get, [...many("x-long", 40), "x-longest", "z".repeat(3_000)], true, silent);
      client.request(get, ["x-over-frames", "y".repeat(20_000)], true, silent);
      client.request(get, [...many("x-long", 40), "x-other", "1"], true, silent);
      client.request(authorized, many("x-long", 3), true, silent);
    },
    answer: (stream, body) =>
      stream.reply(ok, [...many("x-answer", 30), "x-over", "q".repeat(17_000)], null, body, done, many("x-end", 9)),
  },
  {
    name: "Huffman code, a small table",
    client: { encoder: { huffman: true, maxTableBytes: 300 } },
    server: { encoder: { huffman: true, maxTableBytes: 300 }, settings: { headerTableSize: 500 } },
    async talk(client) {
      for (let i = 0; i < 5; i++) {
        client.requestMessage(request("POST", ...many(`x-${i}`, 5)), NO_FIELDS, null, Buffer.from("x"), silent);
        await turns(2);
      }
    },
  },
  {
    name: "informational responses and responses without body",
    talk(client) {
      for (let i = 0; i < 4; i++) client.request(get, NO_FIELDS, true, silent);
    },
    answer(stream) {
      stream.inform(hints);
      if (stream.id % 4 === 1) stream.respond(ok, ["content-length", "0"], true);
      else stream.reply(ok, ["content-length", "3"], null, Buffer.from("abc"), done);
    },
  },
  {
    name: "twenty at once",
    talk(client) {
      for (let i = 0; i < 20; i++) client.requestMessage(post, NO_FIELDS, null, Buffer.alloc(i * 11), silent);
    },
  },
  {
    name: "a client's settings change",
    onlyFrom: "client",
    async talk(client) {
      const windows = [0, 70_000, 1, 100_000];
      for (const initialWindowSize of windows) {
        client.requestMessage(post, ["x-w", String(initialWindowSize)], null, Buffer.alloc(500), silent);
        client.updateSettings({ initialWindowSize, headerTableSize: initialWindowSize % 5_000, maxFrameSize: 20_000 });
        await turns(3);
      }
    },
  },
  {
    name: "a server's settings change, and it closes",
    onlyFrom: "server",
    async talk(client, server) {
      for (const initialWindowSize of [0, 70_000, 1, 100_000]) {
        client.requestMessage(post, NO_FIELDS, null, Buffer.alloc(500), silent);
        server.updateSettings({
          initialWindowSize,
          headerTableSize: initialWindowSize % 5_000,
          maxConcurrentStreams: 50,
        });
        await turns(3);
      }
      server.close();
    },
  },
];

/** Records what clients and servers send in conversations between ours, and with those of node:http2. */
export async function recordConversations(): Promise<{ fromClients: Recording[]; fromServers: Recording[] }> {
  const fromClients: Recording[] = [];
  const fromServers: Recording[] = [];
  for (const conversation of conversations) {
    const { client, server } = await record(conversation);
    if (conversation.onlyFrom !== "server") fromClients.push(client);
    if (conversation.onlyFrom !== "client") fromServers.push(server);
  }
  fromClients.push(await recordNodeClient());
  fromServers.push(await recordNodeServer());
  return { fromClients, fromServers };
}

async function record({ name, client, server, talk, answer = echo }: Conversation) {
  const { ends, clientSays, serverSays } = tapped();
  const serving = new ServerConnection(ends[1].asSocket(), serverOf(answer), server);
  const asking = new ClientConnection(ends[0].asSocket(), {}, client);
  const requests = counted(asking);
  await talk(asking, serving);
  await turns(40);
  const count = requests();
  asking.destroy();
  serving.destroy();
  return { client: clientSays.recording(name, count), server: serverSays.recording(name, count) };
}

async function recordNodeClient(): Promise<Recording> {
  const { ends, clientSays } = tapped();
  const serving = new ServerConnection(ends[1].asSocket(), serverOf(echo));
  const session = http2.connect("http://localhost", { createConnection: () => ends[0] });
  session.on("error", () => {});
  for (let i = 0; i < 4; i++) {
    const stream = session.request(
      { ":method": "POST", ":path": "/node", "x-node": `client ${i}` },
      { waitForTrailers: true },
    );
    stream.on("error", () => {}).on("wantTrailers", () => stream.sendTrailers({ "x-end": "1" }));
    stream.resume().end(Buffer.alloc(i * 100, 65));
  }
  await turns(60);
  const recording = clientSays.recording("node:http2's client", 4);
  session.destroy();
  serving.destroy();
  return recording;
}

async function recordNodeServer(): Promise<Recording> {
  const { ends, serverSays } = tapped();
  const server = http2.createServer();
  server.on("session", (session) => session.on("error", () => {}));
  server.on("stream", (stream) => {
    stream.on("error", () => {}).on("wantTrailers", () => stream.sendTrailers({ "x-end": "1" }));
    stream.respond({ ":status": 200, "x-node": "server" }, { waitForTrailers: true });
    stream.pipe(stream);
  });
  server.emit("connection", ends[1]);
  const asking = new ClientConnection(ends[0].asSocket());
  for (let i = 0; i < 4; i++) asking.requestMessage(post, NO_FIELDS, null, Buffer.alloc(i * 100, 65), silent);
  await turns(60);
  const recording = serverSays.recording("node:http2's server", 4);
  asking.destroy();
  ends[1].destroy();
  return recording;
}

/** Two joined sockets, and what each end sends. */
function tapped() {
  const ends = joined();
  const [clientSays, serverSays] = [new Recorder(), new Recorder()];
  tap(ends[0], clientSays);
  tap(ends[1], serverSays);
  return { ends, clientSays, serverSays };
}

function tap(socket: MemorySocket, recorder: Recorder): void {
  const { onWritten } = socket;
  socket.onWritten = (bytes) => {
    recorder.add(bytes);
    onWritten(bytes);
  };
}

/** Returns a function that counts the streams that a client has opened. */
function counted(client: ClientConnection): () => number {
  let count = 0;
  const { request: open } = client;
  client.request = (...args): ClientStream => {
    count++;
    return open.apply(client, args);
  };
  return () => count;
}

function serverOf(answer: (stream: ServerStream, body: Buffer) => void) {
  const bodies = new WeakMap<ServerStream, Buffer[]>();
  const finish = (stream: ServerStream) => answer(stream, Buffer.concat(bodies.get(stream) ?? []));
  const handler: RequestHandler = {
    onData(stream, buffer, start, end, endStream) {
      bodies.get(stream)?.push(Buffer.from(buffer.subarray(start, end)));
      if (endStream) finish(stream);
    },
    onTrailers: finish,
    onReset() {},
  };
  return {
    onStream(stream: ServerStream, _headers: unknown, _extra: unknown, endStream: boolean) {
      bodies.set(stream, []);
      if (endStream) finish(stream);
      return handler;
    },
  };
}
