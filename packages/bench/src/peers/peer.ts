import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Addition } from "../contract/additions.js";
import type { Point, Scenario } from "../scenarios/scenario.js";
import type { Suite } from "../suite.js";

/** A peer of the comparison: a server program and a client program as contract/lines.ts describes them. */
export interface Peer {
  readonly suite: Suite;
  /** The name on the command line and in the JSON. */
  readonly name: string;
  /** The name in reports. */
  readonly title: string;
  /** How the peer is configured, and why, where its documentation offers a choice. A sentence for the report. */
  readonly configuration?: string;
  /** Builds what the peer needs, or returns what the machine lacks. */
  prepare(): Promise<Ready | Missing>;
  /** Returns the reason why the peer takes no part in a scenario; undefined if it does take part. */
  cannot?(scenario: Scenario): string | undefined;
  /** Returns the reason why the programs lack an addition; undefined if they have it. By default they have none. */
  cannotAdd?(addition: Addition): string | undefined;
}

/** Returns the reason why a peer takes no part in one point of a scenario; undefined if it does take part. */
export function reasonAgainst(peer: Peer, scenario: Scenario, { work: { adds } }: Point): string | undefined {
  return peer.cannot?.(scenario) ?? (adds === undefined ? undefined : (peer.cannotAdd ?? addsNothing)(adds));
}

function addsNothing(): string {
  return "its programs here make bare calls only";
}

/** The reason for peers that lack a mechanism. */
export function onlyAdds(known: readonly Addition[]): (addition: Addition) => string | undefined {
  return (addition) => (known.includes(addition) ? undefined : "has no such mechanism of its own");
}

export interface Ready {
  /** The packages or programs that the peer is made of, with their versions. */
  readonly version: string;
  /** The command lines without address and job; there is no server if the client starts it. */
  readonly server?: readonly string[];
  readonly client: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether instructions are counted, which makes the programs some fifty times slower. */
  readonly isCounted?: true;
}

export interface Missing {
  /** What has to be installed. */
  readonly missing: string;
}

/** The reason for peers whose client program handles only one stream full of messages. */
export function opensOneStream({ needs }: Scenario): string | undefined {
  return needs === "crowd" ? "its client opens one stream full of messages" : undefined;
}

/** Returns the command lines of `server.js` and `client.js` beside a peer's own module, run by this Node.js. */
export function nodePrograms(moduleUrl: string, words: readonly string[] = []) {
  const program = (name: string) => [process.execPath, fileURLToPath(new URL(name, moduleUrl)), ...words];
  return { server: program("server.js"), client: program("client.js") };
}

/** Returns the name and version of an installed package. */
export function packageVersion(name: string): string {
  const require = createRequire(import.meta.url);
  for (let folder = dirname(require.resolve(name)); ; folder = dirname(folder)) {
    try {
      const found = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
        name?: string;
        version: string;
      };
      if (found.name === name) {
        return `${name} ${found.version}`;
      }
    } catch (error) {
      if (dirname(folder) === folder) {
        throw error;
      }
    }
  }
}
