import { renameSync } from "node:fs";
import { createServer } from "node:net";

/** Leaves a socket file on which nobody listens, as a killed process does. */
export async function staleSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ path: `${path}.new` }, resolve));
  renameSync(`${path}.new`, path); // closing the server would remove the file from where it was bound
  await new Promise((resolve) => server.close(resolve));
}
