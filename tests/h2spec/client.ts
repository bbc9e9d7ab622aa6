/** Makes one request to a URL, whatever server is there: `node client.js http://127.0.0.1:PORT/`. h2specd runs it. */
import net from "node:net";
import { ClientConnection, HeaderBlock, NO_FIELDS } from "@vyra/http2";

/** The timeout in milliseconds. h2specd waits three seconds for a case. */
const PATIENCE_MS = 2_500;

const { hostname, port, host } = new URL(process.argv[2] ?? "");
const socket = net.connect(Number(port), hostname);
const get = HeaderBlock.of([":method", "GET", ":scheme", "http", ":path", "/", ":authority", host]);

// The server ends every case by an error or a GOAWAY, and this client waits for it.
const patience = setTimeout(() => connection.destroy("nothing more came"), PATIENCE_MS);
const connection = new ClientConnection(socket, {
  onClose() {
    clearTimeout(patience);
    if (socket.writableFinished || socket.destroyed) leave();
    else socket.once("close", leave).once("finish", leave);
  },
});
connection.request(get, NO_FIELDS, true, { onHeaders() {}, onData() {}, onTrailers() {}, onReset() {} });

/** Otherwise the socket would wait for the other end to close as well, which h2specd does a second later. */
function leave(): void {
  process.exit();
}
