// npm run test:browser
//
// Opens the demo's page in headless Chromium, as a visitor does: from the first status until a backend is killed and
// started again.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { type Browser, chromium, type Page } from "playwright-core";
import { type Demo, startDemo } from "./demo.js";

const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
if (!existsSync(executablePath)) {
  console.error(`no Chromium at ${executablePath}: apt-get install -y chromium, or let CHROMIUM name another`);
  process.exit(1);
}
// Chromium's own activity in the background is switched off.
const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];
const args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", ...quiet];

/**
 * The part of the DOM that functions use when they run in the page. The rest of this file does not run in a browser, so
 * the DOM's own types are left out.
 */
declare const document: { getElementById(id: string): { readonly textContent: string | null } | null };

describe("the demo's page", () => {
  let demo: Demo;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  const requests: string[] = [];

  before(async () => {
    demo = await startDemo();
    browser = await chromium.launch({ executablePath, args });
    page = await browser.newPage();
    page.on("console", (message) => message.type() !== "log" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(demo.url);
  });

  after(async () => {
    await browser?.close();
    await demo?.interrupt();
  });

  it("shows the backend's status as it changes", async () => {
    await state("ready");
    assert.equal(await page.locator("#socket").textContent(), `unix:${demo.socket}`);
    await asked();
  });

  it("shows what the backend makes of a text while it is typed", async () => {
    await type("Two processes,\none socket 👩‍👩‍👧");
    await shown("upper-case", "TWO PROCESSES,\nONE SOCKET 👩‍👩‍👧");
    assert.deepEqual(await facts(), { characters: "27", words: "4", lines: "2", "longest-word": "processes" });
    await type("");
    await shown("characters", "0");
  });

  it("shows hostile text as text", async () => {
    const hostile = '<img src="/nowhere" onerror="hit=1"><script>hit=1</script>';
    await type(hostile);
    await shown("upper-case", hostile.toUpperCase());
    assert.equal(await page.locator("main img, main script").count(), 0);
    assert.equal(await page.evaluate(() => "hit" in globalThis), false);
  });

  it("says why a text is refused", async () => {
    const other = await browser.newPage(); // on another page, because Chromium reports an answer of 400 on the console
    await other.goto(demo.url);
    await other.getByLabel("Type something").fill("a".repeat(20_001));
    await other.getByRole("alert").getByText("INVALID_ARGUMENT: the text has 20001 characters").waitFor();
    await other.close();
  });

  it("says UNAVAILABLE when the backend is killed, and keeps what is typed", async () => {
    // between two requests: the kill would otherwise end a call, and the page would show a lost connection
    await asked();
    process.kill(demo.backendPid, "SIGKILL");
    await state("UNAVAILABLE");
    await shown("message", `no server at ${demo.socket} (ECONNREFUSED): is the backend running?`);
    await type("typed meanwhile");
    await page.getByRole("alert").getByText("waits until the backend is back").waitFor();
  });

  it("recovers by itself when the backend is started again", async () => {
    await demo.restartBackend();
    await state("ready");
    await shown("upper-case", "TYPED MEANWHILE");
    await shown("problem", "");
  });

  it("fetches nothing from elsewhere, and nothing goes wrong on the console", () => {
    assert.deepEqual(complaints, []);
    assert.deepEqual(
      requests.filter((url) => !url.startsWith(demo.url)),
      [],
    );
  });

  it("ends with Ctrl-C, and leaves no process and no socket", async () => {
    assert.equal(await demo.interrupt(), 0);
    assert.deepEqual([demo.frontendPid, demo.backendPid].filter(isAlive), []);
    assert.deepEqual(
      [demo.socket, `${demo.socket}.lock`].filter((path) => existsSync(path)),
      [],
    );
  });

  /** Waits until the page has just asked the backend for its status. */
  async function asked(): Promise<void> {
    const uptime = await page.locator("#uptime").textContent();
    await page.waitForFunction((before) => document.getElementById("uptime")?.textContent !== before, uptime);
  }

  async function type(text: string): Promise<void> {
    await page.getByLabel("Type something").fill(text);
  }

  async function state(text: string): Promise<void> {
    await page.getByRole("status").getByText(text, { exact: true }).waitFor();
  }

  /** Waits until the element with this id has this text. */
  async function shown(id: string, text: string): Promise<void> {
    const isShown = ({ id, text }: { id: string; text: string }) => document.getElementById(id)?.textContent === text;
    // the assertion below shows the actual text, which says more than a timeout
    await page.waitForFunction(isShown, { id, text }).catch(() => {});
    assert.equal(await page.locator(`#${id}`).textContent(), text);
  }

  async function facts(): Promise<Record<string, string | null>> {
    const ids = ["characters", "words", "lines", "longest-word"];
    return Object.fromEntries(
      await Promise.all(ids.map(async (id) => [id, await page.locator(`#${id}`).textContent()])),
    );
  }
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
