import { join } from "node:path";
import { after, before } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { create, type DescMessage, type DescService, type Registry } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { type Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { type ServeOptions, type Server, serve } from "@vyra/ipc";
import { compile } from "../../dist/descriptors/compile.js";
import { descriptorSet } from "../../dist/descriptors/file-source.js";
import type { DescriptorSource } from "../../dist/descriptors/source.js";
import { file_google_rpc_error_details } from "../../dist/gen/google/rpc/error_details_pb.js";
import { ownFolder } from "./folder.js";

export const protoFolder = fileURLToPath(new URL("../../test/proto", import.meta.url));
export const shopProto = join(protoFolder, "cli/test/shop.proto");

/** Returns the shop's types, from its proto, as the command reads them. */
export function shopTypes(): Promise<Registry> {
  compiled ??= compile([shopProto], [protoFolder]).then((set) => descriptorSet(set, shopProto).registry);
  return compiled;
}

let compiled: Promise<Registry> | undefined;

/** Returns these types as a source of descriptors. */
export function sourceOf(registry: Registry): DescriptorSource {
  return {
    origin: "the test",
    registry,
    services: async () => [],
    find: async (typeName) => registry.getMessage(typeName),
    async [Symbol.asyncDispose]() {},
  };
}

/** Serves the service that the tests call, with @vyra/ipc. */
export async function serveShop(socket: string, options: Partial<ServeOptions> = {}): Promise<Server> {
  const types = await shopTypes();
  const service = types.getService("cli.test.ShopService") as DescService;
  return serve({
    socket,
    signals: false,
    graceMs: 100,
    routes: (router) => router.service(service, shop(types) as unknown as ServiceImpl<DescService>),
    ...options,
  });
}

/**
 * Serves the shop as the module `shop` for the tests of a `describe`, in their own folder for modules' sockets.
 * @param allowed other files that the tests may leave in the folder
 * @returns the folder, and the server, which exists once the tests run
 */
export function ownShop(...allowed: readonly string[]): { readonly folder: string; readonly server: Server } {
  const folder = ownFolder("shop_ipc.sock", "shop_ipc.sock.lock", ...allowed);
  let server: Server;
  before(async () => {
    server = await serveShop("shop");
  });
  after(async () => {
    await server.close();
  });
  return {
    folder,
    get server() {
      return server;
    },
  };
}

interface Item {
  price: number;
  count: number;
}

interface Order {
  id: string;
  items: Item[];
  attachment?: unknown;
}

/** The service without generated types: requests and responses are plain objects. */
function shop(types: Registry) {
  const cents = (items: readonly Item[]) =>
    BigInt(Math.round(items.reduce((sum, { price, count }) => sum + price * count, 0) * 100));
  const place = (order: Order) => ({ orderId: order.id, cents: cents(order.items), attachment: order.attachment });
  return {
    place,
    placeOld: place,
    async *watch({ count, everyMs }: { count: number; everyMs: number }, { signal }: { signal: AbortSignal }) {
      for (let i = 1; i <= count; i++) {
        yield { id: `order ${i}`, state: 1 };
        await delay(everyMs, undefined, { signal });
      }
    },
    async sum(requests: AsyncIterable<Item>) {
      const items: Item[] = [];
      for await (const item of requests) {
        items.push(item);
      }
      return { orderId: `${items.length} items`, cents: cents(items) };
    },
    async *haggle(offers: AsyncIterable<{ text: string }>) {
      for await (const { text } of offers) {
        yield { text: `${text}?` };
      }
    },
    fail({ code, message, withDetails }: { code: Code; message: string; withDetails: boolean }) {
      throw new ConnectError(message, code, { "error-metadata": "here" }, withDetails ? details() : []);
    },
    hang: (_: unknown, { signal }: { signal: AbortSignal }) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  };

  function details() {
    const outOfStock = types.getMessage("cli.test.OutOfStock") as DescMessage;
    const badRequest = file_google_rpc_error_details.messages.find(({ name }) => name === "BadRequest") as DescMessage;
    return [
      { desc: outOfStock, value: create(outOfStock, { item: "bread" } as never) },
      { desc: badRequest, value: { fieldViolations: [{ field: "code", description: "odd" }] } },
    ];
  }
}

/** Returns an Any that contains one of the shop's types. */
export function photo(types: Registry, caption: string) {
  const desc = types.getMessage("cli.test.Photo") as DescMessage;
  return anyPack(desc, create(desc, { caption } as never));
}
