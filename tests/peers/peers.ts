// The peers, and how each of them makes the checks. A check returns what it saw if that differs from what is expected.

import { type Command, Program } from "../support/programs.js";
import { clientChecks, PeersClient, same } from "./client.js";
import { nginxPeer } from "./nginx.js";
import { largeBytes, largeSummary } from "./pattern.js";
import { goPeer, outputOf, summaryOfOutput } from "./tools.js";

export const checkNames: readonly string[] = Object.keys(clientChecks);

/** Resolves to a description of the failure, or to undefined if the check passed. */
export type Check = () => Promise<string | undefined>;

/** A column of the matrix. */
export interface Peer {
  readonly title: string;
  /** The reasons why it cannot make the other checks, by the checks' names. */
  readonly cannot?: Readonly<Record<string, string>>;
  /** The part of a check that it does differently. */
  readonly remarks?: Readonly<Record<string, string>>;
  /** Starts it; resolves to the checks that it can make, by name. */
  begin(place: Place): Promise<ReadonlyMap<string, Check>>;
  end?(): Promise<void>;
}

/** The paths and addresses that peers need. */
export interface Place {
  /** A folder for what the peer writes. */
  readonly folder: string;
  /** The socket of our server. */
  readonly path: string;
  /** The TCP port that leads to our server. */
  readonly port: number;
  /** The files that are sent. */
  readonly large: string;
  readonly small: string;
}

export const peers: readonly Peer[] = [
  {
    title: "curl calls us",
    remarks: { trailers: "it has none to send" },
    cannot: {
      "1,000 at once": "with prior knowledge curl 7.88 makes no second request on a connection, curl/curl#10634",
    },
    async begin({ path, large }) {
      const curl = (...args: string[]): Command => [
        "curl",
        "-sS",
        "--http2-prior-knowledge",
        "--unix-socket",
        path,
        ...args,
      ];
      const url = (name: string) => `http://localhost/${name}`;
      return new Map<string, Check>([
        ["small", async () => same(await outputOf(...curl(url("small"))), "hello\n")],
        ["trailers", async () => has(await outputOf(...curl("-D", "-", url("small"))), "x-trailer: done")],
        [
          "64 MiB up",
          async () => same(await outputOf(...curl("--data-binary", `@${large}`, url("count"))), largeSummary),
        ],
        ["64 MiB down", async () => same(await summaryOfOutput(...curl(url("large"))), largeSummary)],
        [
          "64 MiB both ways",
          async () => same(await summaryOfOutput(...curl("--data-binary", `@${large}`, url("echo"))), largeSummary),
        ],
      ]);
    },
  },
  {
    title: "nghttp calls us",
    async begin({ port, large, small }) {
      const url = (name: string) => `http://127.0.0.1:${port}/${name}`;
      return new Map<string, Check>([
        ["small", async () => same(await outputOf("nghttp", url("small")), "hello\n")],
        [
          "trailers",
          async () => {
            const output = await outputOf("nghttp", "-nv", "-d", small, "--trailer", "x-client: 1", url("echo"));
            return has(output, /recv .*x-client: 1/) ?? has(output, /recv .*x-trailer: done/);
          },
        ],
        ["64 MiB up", async () => same(await outputOf("nghttp", "-d", large, url("count")), largeSummary)],
        ["64 MiB down", async () => same(await summaryOfOutput("nghttp", url("large")), largeSummary)],
        ["64 MiB both ways", async () => same(await summaryOfOutput("nghttp", "-d", large, url("echo")), largeSummary)],
        [
          "1,000 at once",
          async () => {
            const statistics = await outputOf("nghttp", "-ns", "-m", "1000", url("small"));
            return same(`${statistics.match(/ 200 .*\/small$/gm)?.length} answers`, "1000 answers");
          },
        ],
      ]);
    },
  },
  {
    title: "h2load calls us",
    cannot: { trailers: "it shows none" },
    async begin({ path, large }) {
      const load = async (name: string, bytes: number, count: number, ...args: string[]) => {
        const output = await outputOf(
          "h2load",
          "-n",
          `${count}`,
          "-B",
          `unix:${path}`,
          ...args,
          `http://localhost/${name}`,
        );
        return (
          has(output, `${count} total, ${count} started, ${count} done, ${count} succeeded, 0 failed, 0 errored`) ??
          has(output, `(${bytes * count}) data`)
        );
      };
      return new Map<string, Check>([
        ["small", () => load("small", 6, 2_000, "-c", "2", "-m", "10")],
        ["64 MiB up", () => load("count", largeSummary.length, 2, "-m", "2", "-d", large)],
        ["64 MiB down", () => load("large", largeBytes, 2, "-m", "2")],
        ["64 MiB both ways", () => load("echo", largeBytes, 2, "-m", "2", "-d", large)],
        ["1,000 at once", () => load("small", 6, 20_000, "-m", "1000")],
      ]);
    },
  },
  {
    title: "Go's net/http2 calls us",
    async begin({ path }) {
      const notes = new Map<string, Check>();
      const lines = (await outputOf(goPeer, "client", path)).trim().split("\n");
      for (const { check, note } of lines.map((line) => JSON.parse(line))) {
        notes.set(check, async () => note || undefined);
      }
      return notes;
    },
  },
  ourClientTo({
    title: "we call Go's net/http2",
    async start(path) {
      let serving = () => {};
      const isServing = new Promise<void>((resolve) => {
        serving = resolve;
      });
      const program = new Program([goPeer, "server", path], { onLine: serving });
      await Promise.race([isServing, program.ended]);
      return async () => {
        program.kill("SIGKILL");
        await program.ended;
      };
    },
  }),
  nginxPeer,
];

interface Startable {
  readonly title: string;
  /** Makes it serve at a socket's path. Resolves to a function that ends it. */
  start(path: string): Promise<() => Promise<void>>;
}

function ourClientTo({ title, start }: Startable): Peer {
  let stop = async () => {};
  let connected: PeersClient | undefined;
  return {
    title,
    async begin({ folder }) {
      const path = `${folder}/theirs.sock`;
      stop = await start(path);
      const client = new PeersClient(path);
      connected = client;
      return new Map(Object.entries(clientChecks).map(([name, check]) => [name, () => check(client)]));
    },
    async end() {
      connected?.[Symbol.dispose]();
      await stop();
    },
  };
}

function has(output: string, wanted: string | RegExp): string | undefined {
  const isThere = typeof wanted === "string" ? output.includes(wanted) : wanted.test(output);
  return isThere ? undefined : `${JSON.stringify(output.slice(-300))} has no ${wanted}`;
}
