// Serves the shop of the package's own tests for the tests in a terminal: node shop-server.mjs <module>
import { serveShop } from "../../packages/cli/dist-test/support/shop.js";

const server = await serveShop(process.argv[2], { signals: true });
console.log(`serving at ${server.address}`);
