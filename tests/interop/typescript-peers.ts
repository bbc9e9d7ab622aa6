// What the peers in TypeScript share: ours, those on grpc-js, and the client that starts grpcurl.
import { createInterface } from "node:readline/promises";
import { isDeepStrictEqual } from "node:util";

// The values of gRPC's own cases: https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md
export const requestSizes = [27182, 8, 1828, 45904] as const;
export const responseSizes = [31415, 9, 2653, 58979] as const;
export const specialMessage = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
export const initialKey = "x-grpc-test-echo-initial";
export const trailingKey = "x-grpc-test-echo-trailing-bin";

/** The size of the large messages in our own cases, in bytes. */
export const fourMB = 4_000_000;

/**
 * Runs the named cases. Prints "PASS <case>" or "FAIL <case> <reason>" for each. The process then exits with 1 if a
 * case failed.
 */
export async function runCases(
  cases: Readonly<Record<string, () => Promise<void>>>,
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    try {
      const run = cases[name];
      if (run === undefined) {
        throw new Error("no such case");
      }
      await run();
      console.log(`PASS ${name}`);
    } catch (error) {
      console.log(`FAIL ${name} ${String(error).replace(/\s+/g, " ")}`);
      process.exitCode = 1;
    }
  }
}

export function assertEqual(actual: unknown, wanted: unknown, what: string): void {
  if (!isDeepStrictEqual(actual, wanted)) {
    const [got, want] = [JSON.stringify(actual), JSON.stringify(wanted)];
    throw new Error(`${what}: got ${got?.slice(0, 120)}, want ${want?.slice(0, 120)}`);
  }
}

/** Joins the values of a text key into one, as every hop may do, with or without a space. */
export function joined(values: readonly (string | Buffer)[]): string {
  return values.map(String).join(",").replaceAll(", ", ",");
}

/** Asks the runner to stop or start the server, and waits until that is done. */
export async function ask(what: "stop" | "start"): Promise<void> {
  console.log(`ASK ${what}`);
  const answers = createInterface({ input: process.stdin });
  await new Promise((resolve) => answers.once("line", resolve));
  answers.close();
}
