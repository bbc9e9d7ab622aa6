// nginx as the server that our client calls: it serves files, and takes one.
import { createReadStream, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { PeersClient, same } from "../dist/peers/client.js";
import { largeSummary, pieces, summaryOf } from "../dist/peers/pattern.js";
import { Program } from "../interop/processes.mjs";

const startMs = 10_000;
/** Debian puts it where only root looks. */
const env = { PATH: `${process.env.PATH}:/usr/sbin` };

let program;
let client;

/** @type {import("./peers.mjs").Peer} */
export const nginxPeer = {
  title: "we call nginx",
  remarks: { trailers: "it takes none", "64 MiB up": "as a file that is put there" },
  cannot: { "64 MiB both ways": "it sends nothing back" },

  async begin({ folder, large }) {
    const home = join(folder, "nginx");
    const path = join(home, "nginx.sock");
    mkdirSync(home);
    writeFileSync(join(home, "small"), "hello\n");
    writeFileSync(join(home, "nginx.conf"), configuration(home, path, large));
    program = new Program(["nginx", "-p", home, "-e", "stderr", "-c", "nginx.conf"], { env });
    for (const giveUpAt = Date.now() + startMs; !existsSync(path); await delay(10)) {
      if (Date.now() > giveUpAt || (await program.endsWithin(0))) {
        throw new Error(`nginx did not start (apt-get install nginx): ${program.stderr}`);
      }
    }
    client = new PeersClient(path);
    return new Map([
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
    client?.[Symbol.dispose]();
    program?.kill("SIGKILL");
    await program?.ended;
  },
};

async function summaryOfFile(path) {
  const chunks = [];
  for await (const chunk of createReadStream(path)) {
    chunks.push(chunk);
  }
  return summaryOf(chunks);
}

function configuration(home, path, large) {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
    daemon off;
    master_process off; # one process, of this user
    pid ${home}/nginx.pid;
    error_log stderr warn;
    events {}
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path ${home}/${name};`).join("\n      ")}
      client_max_body_size 0;
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
    }
  `;
}
