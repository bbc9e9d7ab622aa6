/** node-ipc has no types of its own; these cover what the benchmark uses. */
declare module "node-ipc" {
  import type { Socket } from "node:net";

  interface Emitter {
    on(event: string, listener: (data: never, socket: Socket) => void): void;
  }
  interface Server extends Emitter {
    start(): void;
    emit(socket: Socket, event: string, data: unknown): void;
  }
  interface Client extends Emitter {
    emit(event: string, data: unknown): void;
  }
  class IPC {
    config: { id: string; silent: boolean; logger: (line: string) => void; maxRetries: number; maxConnections: number };
    server: Server;
    of: Record<string, Client>;
    serve(path: string, onStart: () => void): void;
    connectTo(id: string, path: string, onReady: () => void): void;
  }
  const module: { readonly IPC: typeof IPC };
  export default module;
}
