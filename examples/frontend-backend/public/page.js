// Shows the backend's status as the frontend tells it, and what the backend makes of the visitor's text. Whatever comes
// from elsewhere is put in with textContent, so that it is never taken for HTML.

/** @typedef {{ state: string, status?: string, code?: string, message?: string, socket?: string }} Status */
/** @typedef {{ uptimeSeconds?: number, latencyUs?: number }} Figures */

/**
 * @typedef {object} Answer
 * @property {{ characters: number, words: number, lines: number, longestWord: string, upperCase: string }} [report]
 * @property {number} [latencyUs]
 * @property {string} [code]
 * @property {string} [message]
 */

const textBox = /** @type {HTMLTextAreaElement} */ (element("text"));

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {Record<string, string | number>} texts by the ids of their elements */
function show(texts) {
  for (const [id, text] of Object.entries(texts)) {
    element(id).textContent = String(text);
  }
}

// The status: server-sent events, which the browser asks for again by itself when they end.

let isUp = false;

const events = new EventSource("/status");
events.onmessage = ({ data }) => showStatus(JSON.parse(data));
events.onerror = () =>
  showStatus({ state: "lost", code: "frontend lost", message: "The page looks for its frontend." });

/** @param {Status & Figures} status */
function showStatus(status) {
  isUp = status.state === "up";
  document.body.dataset.state = status.state;
  const state = (isUp ? status.status : status.code) ?? "";
  if (state !== element("state").textContent) {
    addToHistory(state);
    // It is shown only when it changes, since a screen reader reads it aloud each time.
    show({ state, message: isUp ? "The frontend asks it twice a second." : (status.message ?? "") });
  }
  show({
    uptime: isUp ? formatSeconds(status.uptimeSeconds) : "–",
    "status-latency": isUp ? formatMicroseconds(status.latencyUs) : "–",
    ...(status.socket !== undefined && { socket: status.socket }),
  });
  if (isUp) {
    processText(); // what was typed while it was down
  }
}

/** @param {string} state */
function addToHistory(state) {
  const time = document.createElement("time");
  time.textContent = new Date().toLocaleTimeString();
  const entry = document.createElement("li");
  entry.append(time, " ", state);
  element("history").prepend(entry);
  if (element("history").childElementCount > 5) {
    element("history").lastElementChild?.remove();
  }
}

// The text: one is under way at a time, and goes again if it has changed meanwhile.

let isUnderWay = false;
/** @type {string | undefined} */
let answered = "";

textBox.addEventListener("input", processText);

async function processText() {
  const text = textBox.value;
  if (isUnderWay || text === answered) {
    return;
  }
  if (!isUp) {
    answered = undefined;
    show({ problem: "The text waits until the backend is back." });
    return;
  }
  isUnderWay = true;
  const answer = await send(text);
  isUnderWay = false;
  if (answer.code === "UNAVAILABLE" || answer.code === "DEADLINE_EXCEEDED") {
    show({ problem: `${answer.code}: ${answer.message}` });
    return; // until the next status says that it is up
  }
  answered = text;
  showAnswer(answer);
  processText();
}

/**
 * @param {string} text
 * @returns {Promise<Answer>}
 */
async function send(text) {
  try {
    const response = await fetch("/process", { method: "POST", body: text });
    return await response.json();
  } catch {
    return { code: "UNAVAILABLE", message: "the frontend does not answer" };
  }
}

/** @param {Answer} answer */
function showAnswer({ report, latencyUs, code, message }) {
  show({
    problem: report === undefined ? `${code}: ${message}` : "",
    characters: report?.characters ?? "–",
    words: report?.words ?? "–",
    lines: report?.lines ?? "–",
    "longest-word": report?.longestWord || "–",
    "upper-case": report?.upperCase || "–",
    "text-latency": report === undefined ? "–" : formatMicroseconds(latencyUs),
  });
}

/** @param {number} [seconds] */
function formatSeconds(seconds = 0) {
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds} s` : `${minutes} min ${seconds % 60} s`;
}

/** @param {number} [us] */
function formatMicroseconds(us = 0) {
  return us < 1_000 ? `${us} µs` : `${(us / 1_000).toFixed(1)} ms`;
}
