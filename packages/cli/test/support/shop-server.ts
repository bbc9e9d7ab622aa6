/** Serves the shop for those who look at it from another process: `node shop-server.js MODULE`. */
import { serveShop } from "./shop.js";

const server = await serveShop(process.argv[2] ?? "shop", { signals: true });
console.log(`serving at ${server.address}`);
