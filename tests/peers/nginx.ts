// nginx as the server that our client calls: it serves files, and accepts the upload of one.
import { createReadStream, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Nginx, startNginx } from "../support/nginx.js";
import { PeersClient, same } from "./client.js";
import { largeSummary, pieces, summaryOf } from "./pattern.js";
import type { Check, Peer } from "./peers.js";

let nginx: Nginx | undefined;
let connected: PeersClient | undefined;

export const nginxPeer: Peer = {
  title: "we call nginx",
  remarks: { trailers: "it takes none", "64 MiB up": "as a file that is put there" },
  cannot: { "64 MiB both ways": "it sends nothing back" },

  async begin({ folder, large }) {
    const home = join(folder, "nginx");
    const path = join(home, "nginx.sock");
    mkdirSync(home);
    writeFileSync(join(home, "small"), "hello\n");
    nginx = await startNginx(home, [path], files(home, path, large));
    const client = new PeersClient(path);
    connected = client;
    return new Map<string, Check>([
      ["small", async () => same((await client.get("/small")).text, "hello\n")],
      ["trailers", async () => same((await client.get("/small")).trailers.get("x-trailer") ?? "none", "done")],
      [
        "64 MiB up",
        async () => {
          const { status } = await client.post("/put", pieces(), undefined, "PUT");
          return same(`${status}`, "201") ?? same(await summaryOfFile(join(home, "put")), largeSummary);
        },
      ],
      ["64 MiB down", async () => same(summaryOf((await client.get("/large")).chunks), largeSummary)],
      [
        "1,000 at once",
        async () => {
          const answers = await Promise.all(Array.from({ length: 1_000 }, () => client.get("/small")));
          return same(answers.map(({ text }) => text).join(""), "hello\n".repeat(1_000));
        },
      ],
    ]);
  },

  async end() {
    connected?.[Symbol.dispose]();
    await nginx?.stop();
  },
};

async function summaryOfFile(path: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(path)) {
    chunks.push(chunk);
  }
  return summaryOf(chunks);
}

function files(home: string, path: string, large: string): string {
  return `
      keepalive_requests 1000000;
      http2_max_concurrent_streams 1000;
      server {
        listen unix:${path} http2;
        root ${home};
        add_trailer x-trailer done;
        dav_methods PUT;
        location = /large {
          alias ${large};
        }
      }
  `;
}
