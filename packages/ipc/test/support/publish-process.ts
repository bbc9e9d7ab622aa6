/** Tries to publish a socket at the given path, reports the outcome, and ends when its parent disconnects. */
import { createServer } from "node:net";
import { publish } from "../../dist/address/index.js";

const server = createServer();
try {
  const published = await publish(server, process.argv[2] ?? "", { mode: 0o600, lock: true });
  process.once("disconnect", () => {
    published.unpublish();
    server.close();
  });
  process.send?.("published");
} catch (error) {
  process.send?.((error as Error).name);
}
