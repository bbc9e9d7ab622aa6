// A program to be bundled: it serves, and calls itself in ways that load all there is to load.
import assert from "node:assert/strict";
import { trace } from "@opentelemetry/api";
import { ErrorCode } from "@vyra/http2";
import { AddressInUseError, createChannel, peerKey, retry, serve } from "@vyra/ipc";
import { Health } from "@vyra/ipc/health";
import { BackendService } from "@vyra/ipc/proto";
import { ServerReflection } from "@vyra/ipc/reflection";
import { telemetry } from "@vyra/ipc/telemetry";

async function main() {
  const tracers = new Set();
  const tracerProvider = {
    getTracer(name, version) {
      tracers.add(`${name} ${version}`);
      return trace.getTracer(name, version);
    },
  };
  const interceptors = [telemetry({ tracerProvider })];
  const routes = (router) =>
    router.service(BackendService, {
      processData: ({ data }, context) => ({ result: `${data} from ${context.values.get(peerKey)?.pid}` }),
    });
  for (const engine of ["direct", "node"]) {
    const server = await serve({ socket: "bundled", engine, interceptors, routes });
    await assert.rejects(serve({ socket: "bundled", routes }), AddressInUseError);
    for (const engine of ["direct", "node"]) {
      const channel = createChannel("bundled", { engine, interceptors: [...interceptors, retry()] });
      await channel.ready({ healthy: true });
      const { result } = await channel.client(BackendService).processData({ data: "hello" });
      assert.equal(result, `hello from ${process.pid}`);
      assert.equal((await channel.client(Health).check({})).status, 1);
      const asked = (async function* () {
        yield { messageRequest: { case: "listServices", value: "" } };
      })();
      for await (const { messageResponse } of channel.client(ServerReflection).serverReflectionInfo(asked)) {
        assert.ok(messageResponse.value.service.some(({ name }) => name === BackendService.typeName));
      }
      await channel.close();
    }
    await server.close();
  }
  assert.equal(ErrorCode.CANCEL, 8);
  console.log(...tracers);
}

main();
