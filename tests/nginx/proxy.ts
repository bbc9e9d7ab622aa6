// nginx as a gRPC proxy in front of a server of ours.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNginx } from "../support/nginx.js";

/** How nginx connects to the server: with a new connection for each call, or with connections that it reuses. */
export const connectionKinds = ["fresh", "kept"] as const;
export type ConnectionKind = (typeof connectionKinds)[number];

/** A running proxy, with the address that a gRPC client connects to. */
export interface Proxy extends Readonly<Record<ConnectionKind, string>> {
  /** Ends nginx, and returns the errors that it has logged. */
  stop(): Promise<string>;
}

/** Starts nginx as a gRPC proxy to the server at `target`, a socket's path. */
export async function startProxy(target: string): Promise<Proxy> {
  const folder = mkdtempSync(join(tmpdir(), "vyra-nginx-"));
  const sockets = { fresh: join(folder, "fresh.sock"), kept: join(folder, "kept.sock") };
  const nginx = await startNginx(folder, Object.values(sockets), servers(sockets, target));
  return {
    fresh: `unix:${sockets.fresh}`,
    kept: `unix:${sockets.kept}`,
    async stop() {
      const complaints = await nginx.stop();
      rmSync(folder, { recursive: true, force: true });
      return complaints;
    },
  };
}

function servers(sockets: Readonly<Record<ConnectionKind, string>>, target: string): string {
  return `
      upstream kept {
        server unix:${target};
        keepalive 8;
      }
      server {
        listen unix:${sockets.fresh} http2;
        location / {
          grpc_pass grpc://unix:${target};
        }
      }
      server {
        listen unix:${sockets.kept} http2;
        location / {
          grpc_pass grpc://kept;
        }
      }
  `;
}
