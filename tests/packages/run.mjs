// Looks at the public packages as their users get them, each part in a file of its own.
await import("./published.mjs");
await import("./types.mjs");
await import("./api.mjs");
await import("./bundlers.mjs");
await import("./frameworks.mjs");
