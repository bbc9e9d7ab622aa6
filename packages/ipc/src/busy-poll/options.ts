import { shown } from "../option-checks.js";

/** How the event loop busy-polls: turns instead of sleeping while an answer or a request is expected very soon. */
export interface BusyPollOptions {
  /**
   * How long the loop may turn for each arrival that it finds, in microseconds, on average; a single wait turns for at
   * most twice as long. More than 0, at most 10,000. Default: 60, about as much CPU time as sleeping and being woken.
   */
  readonly maxUs?: number | undefined;
}

/** The default of `maxUs`. */
const defaultMaxUs = 200;
const longestUs = 10_000;

/** Refuses an invalid option. @throws {RangeError | TypeError} */
export function assertBusyPoll(value: false | BusyPollOptions | undefined | null): void {
  if (value == null || value === false) {
    return;
  }
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new TypeError(`busyPoll must be false or an object with maxUs, not ${shown(value)}`);
  }
  const { maxUs } = value;
  if (maxUs != null && !(typeof maxUs === "number" && maxUs > 0 && maxUs <= longestUs)) {
    throw new RangeError(`busyPoll.maxUs must be more than 0 and at most ${longestUs} µs, not ${shown(maxUs)}`);
  }
}

/** Returns `maxUs`; 0 means that the loop does not busy-poll. */
export function busyPollMaxUs(value: false | BusyPollOptions | undefined | null): number {
  return value === false ? 0 : (value?.maxUs ?? defaultMaxUs);
}
