import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type { BackendService } from "@vyra/ipc/proto";
import { codeName, microsecondsSince } from "./format.js";
import type { StatusFeed } from "./status-feed.js";
import type { TextReport } from "./text-report.js";

/** What `POST /process` answers. */
export interface Processed {
  readonly report: TextReport;
  /** What `ProcessData` took. */
  readonly latencyUs: number;
}

/**
 * The page and what it asks for: `GET /status`, server-sent events that tell the backend's status again and again, and
 * `POST /process`, a text to be worked on. It has no other visitors than those on this machine: listen on loopback.
 *
 * @param socket the backend's address, for the page to show.
 */
export function createWebServer(backend: Client<typeof BackendService>, feed: StatusFeed, socket: string): Server {
  return createServer(async (req, res) => {
    const file = files.get(req.url ?? "");
    if (!isOurs(req)) {
      res.writeHead(403).end();
    } else if (req.method === "GET" && file !== undefined) {
      res.writeHead(200, { ...security, "content-type": file.type }).end(file.content);
    } else if (req.method === "GET" && req.url === "/status") {
      followStatus(res);
    } else if (req.method === "POST" && req.url === "/process") {
      await processText(req, res);
    } else {
      res.writeHead(404).end();
    }
  });

  function followStatus(res: ServerResponse): void {
    res.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    const unsubscribe = feed.subscribe((status) => {
      res.write(`data: ${JSON.stringify({ ...status, socket })}\n\n`);
    });
    res.once("close", unsubscribe);
  }

  async function processText(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const gone = new AbortController();
    res.once("close", () => gone.abort()); // nobody works for a visitor who has left
    try {
      const data = await textOf(req);
      const start = performance.now();
      const { result } = await backend.processData({ data }, { signal: gone.signal });
      answer(res, 200, { report: JSON.parse(result), latencyUs: microsecondsSince(start) } satisfies Processed);
    } catch (error) {
      const { code, rawMessage } = ConnectError.from(error);
      answer(res, httpStatus.get(code) ?? 500, { code: codeName(code), message: rawMessage });
    }
  }
}

const publicFolder = new URL("../public/", import.meta.url);

/** The page's files, each at its URL. Nothing else can be fetched. */
const files = new Map(
  [
    { url: "/", name: "index.html", type: "text/html; charset=utf-8" },
    { url: "/page.css", name: "page.css", type: "text/css; charset=utf-8" },
    { url: "/page.js", name: "page.js", type: "text/javascript; charset=utf-8" },
    { url: "/icon.svg", name: "icon.svg", type: "image/svg+xml" },
  ].map(({ url, name, type }) => [url, { type, content: readFileSync(new URL(name, publicFolder)) }]),
);

const security = {
  "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
};

const httpStatus = new Map([
  [Code.InvalidArgument, 400],
  [Code.ResourceExhausted, 413],
  [Code.Unavailable, 503],
  [Code.DeadlineExceeded, 504],
]);

/** Any web page may point a name of its own to 127.0.0.1, or post to it. Its browser then says where it comes from. */
function isOurs({ headers, socket }: IncomingMessage): boolean {
  const hosts = [`127.0.0.1:${socket.localPort}`, `localhost:${socket.localPort}`];
  const isSameOrigin = headers.origin === undefined || headers.origin === `http://${headers.host}`;
  return isSameOrigin && hosts.includes(headers.host ?? "");
}

const maxBodyBytes = 1024 * 1024;

/** @throws {ConnectError} ResourceExhausted if it is too long. */
async function textOf(req: IncomingMessage): Promise<string> {
  if (!(Number(req.headers["content-length"]) <= maxBodyBytes)) {
    throw new ConnectError(`the text must have at most ${maxBodyBytes} bytes`, Code.ResourceExhausted);
  }
  return text(req);
}

function answer(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
