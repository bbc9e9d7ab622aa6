// A process in which some modules import the packages and others require them. Both get the same instances.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const entryPoints = ["@vyra/ipc", "@vyra/ipc/proto", "@vyra/ipc/health", "@vyra/ipc/telemetry", "@vyra/http2"];

for (const entryPoint of entryPoints) {
  const imported = await import(entryPoint);
  const required = require(entryPoint);
  for (const [name, value] of Object.entries(imported)) {
    assert.equal(required[name], value, `${name} of ${entryPoint}`);
  }
}

// Each side recognizes the other's objects: the class of an error, the key of a context value.
const { AddressInUseError, createChannel, peerKey, serve } = require("@vyra/ipc");
const { BackendService } = require("@vyra/ipc/proto");
const imported = await import("@vyra/ipc");
const routes = (router) =>
  router.service(BackendService, {
    processData: (_, context) => ({
      result: `${context.values.get(imported.peerKey) === context.values.get(peerKey)}`,
    }),
  });
const server = await serve({ socket: "both", routes });
await assert.rejects(imported.serve({ socket: "both", routes }), AddressInUseError);
const channel = createChannel("both");
assert.equal((await channel.client(BackendService).processData({})).result, "true");
await channel.close();
await server.close();
console.log("the same");
