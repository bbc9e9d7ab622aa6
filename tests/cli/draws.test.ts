import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Shop } from "./shop.js";
import { Terminal, type TerminalOptions } from "./terminal.js";

describe("vyra-ipc in a terminal", () => {
  const shop = new Shop();
  let opened: Terminal | undefined;

  before(() => shop.open());
  after(() => shop.close());

  afterEach(() => {
    opened?.close();
    opened = undefined;
  });

  function open(options: TerminalOptions = {}): Terminal {
    opened = new Terminal({ ...options, env: shop.env });
    return opened;
  }

  it("bench draws a bar that grows, then a histogram in its place", async () => {
    const terminal = open();
    terminal.type("vyra-ipc bench shop Place -c 8 -d 3s; echo rc=$?");
    await terminal.shows(/[█▏▎▍▌▋▊▉]·* \d\.\d\/3\.0 s +[\d,]+ calls\/s {3}p50 [\d.]+ (µs|ms)/);
    const early = barOf(terminal.screen());
    await terminal.shows(/█{12}/);
    assert.ok(early < barOf(terminal.screen()), "the bar does not grow");
    const screen = await terminal.shows(/rc=0/);
    assert.doesNotMatch(screen, /·|3\.0 s/, "the bar is still there");
    assert.match(screen, /^calls +[\d,]+ {2}[\d,]+\/s$/m);
    assert.match(screen, /^ +p99 +[\d.]+ (µs|ms)$/m);
    assert.equal(screen.match(/^ +≤ .* %$/gm)?.length, 14);
  });

  it("bench draws one line, however narrow the terminal is", async () => {
    const terminal = open({ columns: 48, rows: 50 });
    terminal.type("vyra-ipc bench shop Place -c 8 -d 2s; echo rc=$?");
    await terminal.shows(/[█▏▎▍▌▋▊▉]·* \d\.\d\/2\.0 s/);
    await delay(600);
    assert.equal(terminal.screen().match(/\/2\.0 s/g)?.length, 1, terminal.screen());
    await terminal.shows(/rc=0/);
  });

  it("bench shows its figures so far on Ctrl-C", async () => {
    const terminal = open();
    terminal.type("vyra-ipc bench shop Place -c 8 -d 1m; echo rc=$?");
    await terminal.shows(/[█▏▎▍▌▋▊▉]·* [2-9]\.\d\/60\.0 s/);
    terminal.press("C-c");
    const screen = await terminal.shows(/rc=130/);
    assert.match(screen, /8 calls at a time on 1 connection, for \d\d?\.\d+ s/);
  });

  it("top draws repeatedly, and restores the screen on q", async () => {
    const terminal = open();
    terminal.type("clear; echo what was there before");
    await terminal.shows(/^what was there before$/m);
    terminal.type(
      "vyra-ipc bench shop Place -c 4 -d 1m > /dev/null 2>&1 & vyra-ipc top shop -i 500ms; echo rc=$?; kill %1",
    );
    const first = await terminal.shows(/^cli\.test\.ShopService\/Place +[\d,]{3,}.*[\d.]+ (µs|ms)(?: +[\d,.]+){4}$/m);
    assert.doesNotMatch(first, /what was there before/);
    assert.match(first, /^shop {2}[\d,]+ calls\/s/m);
    assert.match(first, /every 0\.5 s; press q to quit$/);
    const calls = callsOf(first);
    await terminal.until((screen) => callsOf(screen) > calls, `more than ${calls} calls`);
    terminal.press("q");
    const last = await terminal.shows(/rc=0/);
    assert.match(last, /^what was there before$/m);
    assert.doesNotMatch(last, /press q to quit/);
  });

  it("top ends on Ctrl-C, and fits a terminal that shrinks", async () => {
    const terminal = open();
    terminal.type("vyra-ipc top shop -i 200ms; echo rc=$?");
    await terminal.shows(/^METHOD/m);
    terminal.resize(40, 10);
    await delay(600);
    const lines = terminal.screen().split("\n");
    assert.match(lines[0] ?? "", /^shop {2}/);
    assert.ok(lines.length <= 10, lines.join("\n"));
    terminal.press("C-c");
    await terminal.shows(/rc=130/);
  });

  it("call sends each line as it is typed", async () => {
    const terminal = open();
    terminal.type("vyra-ipc call shop Haggle; echo rc=$?");
    await delay(1_000);
    terminal.type('{"text": "ten"}');
    await terminal.shows(/^\{"text":"ten\?"\}$/m);
    terminal.type('{"text": "twenty"}');
    await terminal.shows(/^\{"text":"twenty\?"\}$/m);
    terminal.press("C-d");
    await terminal.shows(/^rc=0$/m);
  });

  it("call prints colours in a terminal, and none with NO_COLOR or into a pipe", async () => {
    const terminal = open();
    terminal.type(`vyra-ipc call shop Place '{"id": "7"}'; echo rc=$?`);
    await terminal.shows(/rc=0/);
    assert.ok(terminal.screen({ colors: true }).includes('\x1b[34m"orderId"'));
    for (const command of [
      "NO_COLOR=1 vyra-ipc call shop Nothing; ",
      'vyra-ipc call shop Place \'{"id": "7"}\' | cat; ',
    ]) {
      terminal.type("clear");
      terminal.type(`${command} echo done`);
      await terminal.shows(/^done$/m);
      assert.ok(!terminal.screen({ colors: true }).includes("\x1b[3"));
    }
  });

  it("ls keeps its lines within the terminal", async () => {
    const terminal = open({ columns: 70 });
    terminal.type("vyra-ipc ls; echo rc=$?");
    const screen = await terminal.shows(/rc=0/);
    const line = screen.split("\n").find((one) => one.startsWith("shop"));
    assert.ok(line !== undefined, screen);
    assert.match(line, /^shop {4}alive {2}SERVING .*…$/);
    assert.equal([...line].length, 70);
  });

  it("health --watch and wait end on Ctrl-C and print nothing", async () => {
    const terminal = open();
    terminal.type("clear; vyra-ipc health shop --watch; echo rc=$?");
    await terminal.shows(/^\d\d:\d\d:\d\d {2}SERVING$/m);
    terminal.press("C-c");
    await terminal.shows(/rc=130/);
    terminal.type("clear; vyra-ipc wait nobody --timeout 1m; echo rc=$?");
    await delay(1_500);
    terminal.press("C-c");
    const screen = await terminal.shows(/rc=130/);
    assert.match(screen, /^\^Crc=130$/m);
  });
});

/** Returns the length of the bar. */
function barOf(screen: string): number {
  return /█+/.exec(screen)?.[0].length ?? 0;
}

/** Returns the number of calls so far, which is the second to last figure in a method's line. */
function callsOf(screen: string): number {
  const line = screen.split("\n").find((one) => one.startsWith("cli.test.ShopService/Place"));
  return Number(line?.trim().split(/ +/).at(-2)?.replaceAll(",", ""));
}
