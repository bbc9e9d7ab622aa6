import { readFileSync, writeFileSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";

/** The user id that Linux reports for the other end of a TCP connection. */
export const nobody = 2 ** 32 - 1;

/** Programs get a path as their address. Over TCP, the server writes its port into that file for the client. */
export function leavePort(address: string, port: number): void {
  writeFileSync(fileOf(address), String(port));
}

export function portAt(address: string): number {
  return Number(readFileSync(fileOf(address), "utf8"));
}

/** Listens on the loopback interface, on a port that the system chooses. */
export function listenOnLoopback(server: Server, address: string): Promise<void> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      leavePort(address, (server.address() as AddressInfo).port);
      resolve();
    });
  });
}

function fileOf(address: string): string {
  return `${address}.port`;
}
