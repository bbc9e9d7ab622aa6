/** Tries to publish a socket at the path given, says what came of it, and ends when its parent lets go of it. */
import { createServer } from "node:net";
import { publish } from "../dist/address/index.js";

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
