import { sendDatagram } from "./libc.js";

/**
 * Notifies the service manager of the state of this process, sd_notify(3). Does nothing if no manager has asked for it
 * (NOTIFY_SOCKET is not set), and never fails, since a server can run without notifying its manager.
 */
export function notifyManager(state: "READY=1" | "STOPPING=1"): void {
  const socket = process.env.NOTIFY_SOCKET;
  if (socket) {
    try {
      sendDatagram(socket, state);
    } catch {
      // koffi cannot be loaded
    }
  }
}
