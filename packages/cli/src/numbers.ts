import { InvalidArgumentError } from "commander";

/** Reads how many of something there are to be. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new InvalidArgumentError("It must be a whole number of 1 or more.");
  }
  return Number(text);
}
