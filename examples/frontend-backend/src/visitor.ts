/** What the page's script does in a browser, for the demo. */
import type { Status } from "./status-feed.js";
import type { Processed } from "./web-server.js";

/** Has a text processed. */
export async function processText(page: string, text: string, signal: AbortSignal): Promise<Processed> {
  const response = await fetch(new URL("process", page), { method: "POST", body: text, signal });
  return (await response.json()) as Processed;
}

/** Follows the backend's status: the page's server-sent events, one by one. */
export async function* followStatus(page: string, signal: AbortSignal): AsyncGenerator<Status, void> {
  const { body } = await fetch(new URL("status", page), { signal });
  let text = "";
  for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const events = (text + chunk).split("\n\n");
    text = events.pop() ?? ""; // what has come of the next one
    for (const event of events) {
      yield JSON.parse(event.slice("data: ".length)) as Status;
    }
  }
}

/** Waits for the next status that is one of these. */
export async function until(
  isWanted: (status: Status) => boolean,
  statuses: AsyncGenerator<Status, void>,
): Promise<Status> {
  for (;;) {
    const { value } = await statuses.next();
    if (value === undefined) {
      throw new Error("the frontend ended");
    }
    if (isWanted(value)) {
      return value;
    }
  }
}
