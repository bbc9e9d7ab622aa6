import { fileURLToPath } from "node:url";
import type { DescService, Registry } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { type Server, serve } from "@vyra/ipc";
import { compile } from "../../dist/descriptors/compile.js";
import { descriptorSet } from "../../dist/descriptors/file-source.js";

const numbersProto = fileURLToPath(new URL("../../test/numbers/numbers.proto", import.meta.url));

/** Returns the types of numbers.proto. */
export async function numberTypes(): Promise<Registry> {
  return descriptorSet(await compile([numbersProto], []), numbersProto).registry;
}

/** Serves methods that return their request. */
export async function serveNumbers(socket: string): Promise<Server> {
  const service = (await numberTypes()).getService("cli.test.NumberService") as DescService;
  const handlers = { echo: (numbers: unknown) => numbers, echoAll: (all: AsyncIterable<unknown>) => all };
  return serve({
    socket,
    signals: false,
    graceMs: 100,
    routes: (router) => router.service(service, handlers as unknown as ServiceImpl<DescService>),
  });
}
