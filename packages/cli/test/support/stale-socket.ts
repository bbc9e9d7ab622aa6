import { renameSync } from "node:fs";
import { createServer } from "node:net";

/** Leaves a socket file that nobody listens on, as a process does that was killed. */
export async function staleSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ path: `${path}.new` }, resolve));
  renameSync(`${path}.new`, path); // closing would remove it from where it was bound
  await new Promise((resolve) => server.close(resolve));
}
