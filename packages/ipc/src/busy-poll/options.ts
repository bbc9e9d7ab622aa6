import { shown } from "../option-checks.js";

/** How an event loop busy-polls: it turns instead of sleeping while an answer or a request is expected very soon. */
export interface BusyPollOptions {
  /**
   * How long the loop turns for one arrival at most, in microseconds, more than 0 and at most 10,000. It stops turning
   * if arrivals take more than half of this on average, since sleeping then costs less. Default: 200.
   */
  readonly maxUs?: number | undefined;
}

/** Sleeping and being woken costs two processes about 100 µs of CPU time together, which is half of this. */
const defaultMaxUs = 200;
const longestUs = 10_000;

/** Refuses an invalid option. @throws {RangeError | TypeError} */
export function assertBusyPoll(value: false | BusyPollOptions | undefined | null): void {
  if (value == null || value === false) {
    return;
  }
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new TypeError(`busyPoll must be false or an object such as { maxUs: 100 }, not ${shown(value)}`);
  }
  const { maxUs } = value;
  if (maxUs != null && !(typeof maxUs === "number" && maxUs > 0 && maxUs <= longestUs)) {
    throw new RangeError(`busyPoll.maxUs must be more than 0 and at most ${longestUs} µs, not ${shown(maxUs)}`);
  }
}

/** Returns `maxUs`, or 0 if the loop does not busy-poll. */
export function busyPollMaxUs(value: false | BusyPollOptions | undefined | null): number {
  return value === false ? 0 : (value?.maxUs ?? defaultMaxUs);
}
