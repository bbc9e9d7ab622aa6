import { sendDatagram } from "./libc.js";

/**
 * Tells the service manager how the process is, sd_notify(3). Does nothing where none has asked (NOTIFY_SOCKET is not set), and
 * never fails: a manager that cannot be told is no reason not to serve.
 */
export function notifyManager(state: "READY=1" | "STOPPING=1"): void {
  const socket = process.env.NOTIFY_SOCKET;
  if (socket) {
    try {
      sendDatagram(socket, state);
    } catch {
      // no koffi on this machine
    }
  }
}
