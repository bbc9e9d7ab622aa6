import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Account } from "../dist/busy-poll/account.js";
import { Answers } from "../dist/busy-poll/answers.js";
import { BusyPoll } from "../dist/busy-poll/busy-poll.js";
import { assertBusyPoll, busyPollMaxUs } from "../dist/busy-poll/options.js";
import { cpuQuota } from "../dist/busy-poll/spare-cores.js";
import { Turns } from "../dist/busy-poll/turns.js";

const maxUs = 200;
/** The time of a turn that finds nothing. */
const turnUs = 5;
/** How many bytes arrive at once. */
const bytes = 90;

/** A thread whose clock and event loop are advanced by the test. */
function createThread(options: { isAllowed?: boolean } = {}) {
  let nowMs = 1_000;
  let scheduled: (() => void) | undefined;
  const turns = new Turns(
    (turn) => {
      assert.equal(scheduled, undefined, "one immediate at a time");
      scheduled = turn;
    },
    () => nowMs,
  );
  let asked = 0;
  const isAllowed = () => {
    asked++;
    return options.isAllowed ?? true;
  };
  return {
    turns,
    nowMs: () => nowMs,
    originMs: 0,
    isAllowed,
    get asked() {
      return asked;
    },
    get isTurning() {
      return scheduled !== undefined;
    },
    sleep(us: number) {
      nowMs += us / 1_000;
    },
    /** Lets this much time pass, in which the loop turns if it is to, and takes `stepUs` for each turn. */
    pass(us: number, stepUs = turnUs) {
      for (let left = us; left > 0; left -= stepUs) {
        nowMs += Math.min(stepUs, left) / 1_000;
        const turn = scheduled;
        scheduled = undefined;
        turn?.();
      }
    },
  };
}

type Thread = ReturnType<typeof createThread>;

/** Lets bytes arrive this many times, each after this time, or after `awakeUs` if the loop turns. */
function arrive(thread: Thread, poll: BusyPoll, times: number, us: number, awakeUs = us / 2) {
  for (let time = 0; time < times; time++) {
    thread.pass(thread.isTurning ? awakeUs : us);
    poll.arrived(bytes);
  }
}

/** Lets bytes arrive for this time; returns the share of it in which the loop turned. */
function shareOfTurning(thread: Thread, poll: BusyPoll, ms: number, us: number, awakeUs: number): number {
  const startMs = thread.nowMs();
  let turnedMs = 0;
  while (thread.nowMs() < startMs + ms) {
    const { isTurning } = thread;
    const beforeMs = thread.nowMs();
    arrive(thread, poll, 1, us, awakeUs);
    turnedMs += isTurning ? thread.nowMs() - beforeMs : 0;
  }
  return turnedMs / (thread.nowMs() - startMs);
}

/** The busy polling of a server, which expects requests all the time, when it has learnt that they follow quickly. */
function createBusy(thread = createThread()) {
  const poll = new BusyPoll(maxUs, thread);
  poll.expect();
  arrive(thread, poll, 40, 80);
  return { thread, poll };
}

describe("busy polling", () => {
  it("begins when bytes follow each other quickly", () => {
    const thread = createThread();
    const poll = new BusyPoll(maxUs, thread);
    poll.expect();
    poll.arrived(bytes);
    assert.ok(!thread.isTurning);
    arrive(thread, poll, 40, 80);
    assert.ok(thread.isTurning);
  });

  it("does not begin while bytes arrive every 10 ms", () => {
    const thread = createThread();
    const poll = new BusyPoll(maxUs, thread);
    poll.expect();
    arrive(thread, poll, 1_000, 10_000);
    assert.equal(thread.turns.count, 0);
  });

  it("does not begin while nothing is expected, though bytes arrive", () => {
    const thread = createThread();
    arrive(thread, new BusyPoll(maxUs, thread), 1_000, 80);
    assert.equal(thread.turns.count, 0);
  });

  it("never begins with a single core, and asks for the cores once", () => {
    const thread = createThread({ isAllowed: false });
    const poll = new BusyPoll(maxUs, thread);
    poll.expect();
    arrive(thread, poll, 1_000, 80);
    assert.equal(thread.turns.count, 0);
    assert.equal(thread.asked, 1);
  });

  it("turns for at most maxUs after the last bytes", () => {
    const { thread, poll } = createBusy();
    poll.arrived(bytes);
    const before = thread.turns.count;
    thread.pass(1_000_000);
    assert.ok(!thread.isTurning);
    assert.ok(thread.turns.count - before <= maxUs / turnUs + 2, `${thread.turns.count - before} turns`);
  });

  it("turns for less if bytes have always come sooner", () => {
    const { thread, poll } = createBusy();
    arrive(thread, poll, 100, 10);
    const before = thread.turns.count;
    thread.pass(1_000);
    assert.ok(thread.turns.count - before <= maxUs / 2 / turnUs + 2, `${thread.turns.count - before} turns`);
  });

  it("stops at once when nothing is expected any more", () => {
    const { thread, poll } = createBusy();
    poll.expectNoMore();
    thread.pass(turnUs);
    assert.ok(!thread.isTurning);
  });

  it("begins again with the next call while it pays", () => {
    const { thread, poll } = createBusy();
    poll.expectNoMore();
    thread.pass(50_000);
    poll.expect();
    assert.ok(thread.isTurning);
  });

  it("stops when bytes take longer, after a bounded number of turns", () => {
    const { thread, poll } = createBusy();
    const before = thread.turns.count;
    arrive(thread, poll, 1_000, 10_000);
    assert.ok(thread.turns.count - before <= 1_000, `${thread.turns.count - before} turns`);
    const learnt = thread.turns.count;
    arrive(thread, poll, 1_000, 10_000);
    assert.equal(thread.turns.count, learnt);
  });

  it("costs at most a part of the time if waits are just too long to pay", () => {
    const { thread, poll } = createBusy();
    const before = thread.turns.count;
    arrive(thread, poll, 10_000, 190, 190);
    const share = ((thread.turns.count - before) * turnUs) / (10_000 * 190);
    assert.ok(share < 0.1, `${share} of the time`);
  });

  it("begins again after a pause", () => {
    const { thread, poll } = createBusy();
    arrive(thread, poll, 100, 10_000);
    assert.ok(!thread.isTurning);
    arrive(thread, poll, 1_000, 80);
    assert.ok(thread.isTurning);
  });

  it("turns for a small part of the time while other processes take half of the core", () => {
    const { thread, poll } = createBusy();
    const endMs = thread.nowMs() + 10_000;
    let turnedMs = 0;
    while (thread.nowMs() < endMs) {
      const startMs = thread.nowMs();
      const before = thread.turns.count;
      while (thread.nowMs() < startMs + 4) {
        arrive(thread, poll, 1, thread.isTurning ? 15 : 80);
      }
      turnedMs += ((thread.turns.count - before) * turnUs) / 1_000;
      thread.pass(turnUs);
      thread.pass(4_000, 4_000); // the loop is preempted while it waits
    }
    assert.ok(turnedMs < 1_000, `${turnedMs} of 10,000 ms`);
  });

  it("bears that now and then something else takes the core", () => {
    const { thread, poll } = createBusy();
    let turns = 0;
    for (let time = 0; time < 50; time++) {
      const before = thread.turns.count;
      arrive(thread, poll, 5_000, 60, 15);
      turns += thread.turns.count - before;
      thread.pass(turnUs);
      thread.pass(2_000, 2_000);
    }
    assert.ok(turns > 50 * 5_000 * 2, `${turns} turns`);
  });

  it("goes on while bytes arrive faster than while it slept, and sleeps now and then to compare", () => {
    const { thread, poll } = createBusy();
    const share = shareOfTurning(thread, poll, 20_000, 80, 15);
    assert.ok(share > 0.97 && share < 1, `${share} of the time`);
  });

  for (const [us, awakeUs] of [
    [13, 13],
    [13, 20],
    [80, 70],
    [90, 90],
  ] as const) {
    it(`turns for a small part of the time if bytes take ${us} µs asleep and ${awakeUs} µs awake`, () => {
      const thread = createThread();
      const poll = new BusyPoll(maxUs, thread);
      poll.expect();
      const share = shareOfTurning(thread, poll, 10_000, us, awakeUs);
      assert.ok(share > 0 && share < 0.02, `${share} of the time`);
    });
  }

  it("notices that sleeping has become cheap, and that it has become expensive again", () => {
    const { thread, poll } = createBusy();
    assert.ok(shareOfTurning(thread, poll, 10_000, 80, 15) > 0.95);
    shareOfTurning(thread, poll, 5_000, 13, 16);
    assert.ok(shareOfTurning(thread, poll, 5_000, 13, 16) < 0.02);
    shareOfTurning(thread, poll, 3_000, 80, 15);
    assert.ok(shareOfTurning(thread, poll, 5_000, 80, 15) > 0.95);
  });

  it("compares how many bytes arrive, not how often", () => {
    const thread = createThread();
    const poll = new BusyPoll(maxUs, thread);
    poll.expect();
    let turned = 0;
    for (let time = 0; time < 50_000; time++) {
      const { isTurning } = thread;
      turned += isTurning ? 1 : 0;
      thread.pass(isTurning ? 20 : 100);
      poll.arrived(isTurning ? bytes : 5 * bytes);
    }
    assert.ok(turned > 0 && turned < 5_000, `${turned} of 50,000 arrivals`);
  });

  it("uses one immediate for all channels and servers of a thread", () => {
    const thread = createThread();
    const first = createBusy(thread);
    const second = createBusy(thread);
    first.poll.arrived(bytes);
    second.poll.arrived(bytes);
    const before = thread.turns.count;
    thread.pass(turnUs);
    assert.equal(thread.turns.count, before + 1);
  });
});

describe("an account", () => {
  /** The times at which it begins to turn, by the clock of the machine, while that does not pay. */
  function beginnings(originMs: number, startMs: number): number[] {
    const account = new Account(maxUs / 2_000, originMs);
    const times: number[] = [];
    for (let step = 0; step < 500_000; step++) {
      const now = startMs + step / 50 - originMs;
      if (account.isOpen) {
        account.earn(0.02, bytes, now);
      } else if (account.observe(bytes, now)) {
        times.push(Math.round(originMs + now));
      }
    }
    return times;
  }

  it("begins at the same time as that of the peer", () => {
    const [one, other] = [beginnings(0, 5_000), beginnings(3_210.5, 5_300)];
    assert.deepEqual(one.slice(-3), other.slice(-3));
  });
});

describe("a method's answers", () => {
  function setUp() {
    const { thread, poll } = createBusy();
    poll.expectNoMore();
    const answers = new Answers(poll);
    thread.pass(10_000);
    /** Makes a call that takes this time; returns whether the loop turned for it. */
    const call = (us: number) => {
      const call = {};
      const wasExpected = answers.expect(call);
      const { isTurning } = thread;
      thread.pass(us);
      answers.expectNoMore(call, wasExpected);
      thread.pass(turnUs);
      return isTurning;
    };
    return { thread, poll, answers, call };
  }

  it("are expected soon until they were slow", () => {
    const { call } = setUp();
    assert.ok(call(20));
    call(100_000);
    assert.ok(!call(100_000));
  });

  it("are not waited for after a slow handler was learnt, however many calls are made", () => {
    const { thread, call } = setUp();
    call(100_000);
    const before = thread.turns.count;
    for (let time = 0; time < 100; time++) {
      call(100_000);
    }
    assert.equal(thread.turns.count, before);
  });

  it("are expected again when they come quickly again", () => {
    const { call } = setUp();
    call(100_000);
    for (let time = 0; time < 50; time++) {
      call(20);
    }
    assert.ok(call(20));
  });

  it("are slow if one never comes while a thousand others do", () => {
    const { answers } = setUp();
    answers.expect({});
    let wasExpected = true;
    for (let time = 0; time < 1_002; time++) {
      const call = {};
      wasExpected = answers.expect(call);
      answers.expectNoMore(call, wasExpected);
    }
    assert.ok(!wasExpected);
  });
});

describe("the CPU quota", () => {
  const quota = (files: Record<string, string>) => cpuQuota((path) => files[path]);

  it("is that of version 2, in cores", () => {
    const files = { "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "150000 100000\n" };
    assert.equal(quota(files), 1.5);
  });

  it("is the smallest of the control group and those above it", () => {
    const files = {
      "/proc/self/cgroup": "0::/a.slice/b.service\n",
      "/sys/fs/cgroup/cpu.max": "max 100000\n",
      "/sys/fs/cgroup/a.slice/cpu.max": "50000 100000\n",
      "/sys/fs/cgroup/a.slice/b.service/cpu.max": "400000 100000\n",
    };
    assert.equal(quota(files), 0.5);
  });

  it("is that of version 1", () => {
    const files = {
      "/proc/self/cgroup": "5:memory:/m\n4:cpu,cpuacct:/docker/x\n1:name=systemd:/\n",
      "/sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us": "300000\n",
      "/sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000\n",
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    };
    assert.equal(quota(files), 3);
  });

  it("is unlimited without a limit, and where there are no control groups", () => {
    assert.equal(
      quota({ "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "max 100000\n" }),
      Number.POSITIVE_INFINITY,
    );
    assert.equal(quota({}), Number.POSITIVE_INFINITY);
  });
});

describe("the option busyPoll", () => {
  it("is on by default", () => {
    assert.ok(busyPollMaxUs(undefined) > 0);
    assert.equal(busyPollMaxUs({}), busyPollMaxUs(undefined));
    assert.equal(busyPollMaxUs({ maxUs: 30 }), 30);
    assert.equal(busyPollMaxUs(false), 0);
  });

  for (const value of [true, 5, "on", [], () => {}]) {
    it(`is not ${String(value)}`, () => {
      assert.throws(() => assertBusyPoll(value as never), {
        name: "TypeError",
        message: /^busyPoll must be false or /,
      });
    });
  }

  for (const wrong of [0, -1, Number.NaN, "50", 10_001, Number.POSITIVE_INFINITY]) {
    it(`has no maxUs of ${String(wrong)}`, () => {
      const options = { maxUs: wrong as number };
      assert.throws(() => assertBusyPoll(options), {
        name: "RangeError",
        message: /^busyPoll.maxUs must be more than 0/,
      });
    });
  }
});
