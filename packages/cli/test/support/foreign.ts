import { join } from "node:path";
import { promisify } from "node:util";
import { loadPackageDefinition, Server, ServerCredentials, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";
import { protoFolder, shopProto } from "./shop.js";

/** Serves part of the shop with grpc-js and its own reflection, at `<folder>/<name>_ipc.sock`. */
export async function serveForeignShop(folder: string, name: string): Promise<AsyncDisposable> {
  const definition = loadSync(shopProto, { includeDirs: [protoFolder], keepCase: true });
  const loaded = loadPackageDefinition(definition) as unknown as {
    cli: { test: { ShopService: { service: Parameters<Server["addService"]>[0] } } };
  };
  const server = new Server();
  server.addService(loaded.cli.test.ShopService.service, foreignShop);
  new ReflectionService(definition).addToServer(server);
  const address = `unix:${join(folder, `${name}_ipc.sock`)}`;
  await promisify(server.bindAsync.bind(server))(address, ServerCredentials.createInsecure());
  return {
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
}

const foreignShop = {
  Place: (call: { request: { id: string } }, answer: (error: null, value: object) => void) =>
    answer(null, { order_id: call.request.id }),
} as unknown as UntypedServiceImplementation;
