// npm run test:packages
//
// Looks at the public packages as their users get them, each part in a file of its own.
import "./published.js";
import "./types.js";
import "./api.js";
import "./bundlers.js";
import "./frameworks.js";
