import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Scenario } from "../scenarios/scenario.js";
import type { Suite } from "../suite.js";

/** One of those compared: a server and a client as contract/lines.ts describes them. */
export interface Peer {
  readonly suite: Suite;
  /** For the command line and the JSON. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** Builds what is needed, or tells what the machine lacks. */
  prepare(): Promise<Ready | Missing>;
  /** Why it takes no part in a scenario; undefined if it does. */
  cannot?(scenario: Scenario): string | undefined;
}

export interface Ready {
  /** What it is made of. */
  readonly version: string;
  /** The command lines, but for address and job; no server where the client starts it. */
  readonly server?: readonly string[];
  readonly client: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Its instructions are counted, which takes fifty times the time. */
  readonly isCounted?: true;
}

export interface Missing {
  /** What to install. */
  readonly missing: string;
}

/** For peers whose program does no more than the contract says of most jobs. */
export function opensOneStream({ needs }: Scenario): string | undefined {
  return needs === "crowd" ? "its client opens one stream full of messages" : undefined;
}

/** `server.js` and `client.js` beside a peer's own module, run by this Node.js. */
export function nodePrograms(moduleUrl: string, words: readonly string[] = []) {
  const program = (name: string) => [process.execPath, fileURLToPath(new URL(name, moduleUrl)), ...words];
  return { server: program("server.js"), client: program("client.js") };
}

/** Of an installed package, with its name. */
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
