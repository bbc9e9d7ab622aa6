import { InvalidArgumentError } from "commander";

/** Reads how many of something there are to be, up to what makes sense. */
export function parseCount(most: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (!/^\d+$/.test(text) || count < 1 || count > most) {
      throw new InvalidArgumentError(`It must be a whole number from 1 to ${most.toLocaleString("en-US")}.`);
    }
    return count;
  };
}
