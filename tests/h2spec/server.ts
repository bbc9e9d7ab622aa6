import {
  HeaderBlock,
  NO_FIELDS,
  type RequestHandler,
  type ServerConnectionHandler,
  type ServerStream,
} from "@vyra/http2";

const ok = HeaderBlock.of([":status", "200", "content-type", "text/plain"]);
const done = HeaderBlock.of(["x-trailer", "done"]);
/** The size of the response, which is larger than the windows that h2spec opens one by one. */
const body = Buffer.from("what h2spec asks for does not matter, but that it is a body\n");

function answer(stream: ServerStream): void {
  stream.reply(ok, NO_FIELDS, null, body, done);
}

const afterBody: RequestHandler = {
  onData(stream, _buffer, _start, _end, endStream) {
    if (endStream) answer(stream);
  },
  onTrailers: answer,
  onReset() {},
};

/** Answers every complete request in the same way. */
export const plainServer: ServerConnectionHandler = {
  onStream(stream, _headers, _extra, endStream) {
    if (endStream) answer(stream);
    return afterBody;
  },
};
