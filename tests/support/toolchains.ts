// What several suites need of other languages, and how it is built once.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { ask } from "./programs.js";

/** The oldest version of Go that grpc-go supports. */
export const goVersion = "1.26";
/** GOTOOLCHAIN=local prevents Go from downloading another version of Go. */
export const goEnv = { GOTOOLCHAIN: "local", GOFLAGS: "-mod=readonly" };

/** The version of Go on this machine, such as `1.26`; undefined if there is none. */
export function goVersionHere(): string | undefined {
  return /go(\d+\.\d+)/.exec(ask("go", ["version"], goEnv) ?? "")?.[1];
}

/** Does the work unless it was already done with the same inputs. The file `stamp` records the inputs. */
export async function once(stamp: string, inputs: readonly unknown[], work: () => Promise<unknown>): Promise<void> {
  const hash = createHash("sha256").update(JSON.stringify(inputs)).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) {
    return;
  }
  rmSync(stamp, { force: true });
  await work();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, hash);
}
