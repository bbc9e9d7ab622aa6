// npm run test:packages
//
// Tests the public packages as users get them. Each part has its own file.
import "./published.js";
import "./types.js";
import "./api.js";
import "./bundlers.js";
import "./frameworks.js";
