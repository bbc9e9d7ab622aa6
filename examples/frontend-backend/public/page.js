// Shows the backend's status as the frontend tells it, and what the backend makes of the visitor's text. Whatever comes
// from elsewhere is put in with textContent, so that it is never taken for HTML.

const elements = Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));

function show(texts) {
  for (const [id, text] of Object.entries(texts)) {
    elements[id].textContent = text;
  }
}

// The status: server-sent events, which the browser asks for again by itself when they end.

let isUp = false;

const events = new EventSource("/status");
events.onmessage = ({ data }) => showStatus(JSON.parse(data));
events.onerror = () =>
  showStatus({ state: "lost", code: "frontend lost", message: "The page looks for its frontend." });

function showStatus(status) {
  isUp = status.state === "up";
  document.body.dataset.state = status.state;
  const state = isUp ? status.status : status.code;
  if (state !== elements.state.textContent) {
    addToHistory(state);
    // It is shown only when it changes, since a screen reader reads it aloud each time.
    show({ state, message: isUp ? "The frontend asks it twice a second." : status.message });
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

function addToHistory(state) {
  const time = document.createElement("time");
  time.textContent = new Date().toLocaleTimeString();
  const entry = document.createElement("li");
  entry.append(time, " ", state);
  elements.history.prepend(entry);
  if (elements.history.childElementCount > 5) {
    elements.history.lastElementChild.remove();
  }
}

// The text: one is under way at a time, and goes again if it has changed meanwhile.

let isUnderWay = false;
let answered = "";

elements.text.addEventListener("input", processText);

async function processText() {
  const text = elements.text.value;
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

async function send(text) {
  try {
    const response = await fetch("/process", { method: "POST", body: text });
    return await response.json();
  } catch {
    return { code: "UNAVAILABLE", message: "the frontend does not answer" };
  }
}

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

function formatSeconds(seconds) {
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds} s` : `${minutes} min ${seconds % 60} s`;
}

function formatMicroseconds(us) {
  return us < 1_000 ? `${us} µs` : `${(us / 1_000).toFixed(1)} ms`;
}
