import { InvalidArgumentError } from "commander";

/** Returns a parser for whole numbers from 1 to a maximum. */
export function parseCount(most: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (!/^\d+$/.test(text) || count < 1 || count > most) {
      throw new InvalidArgumentError(`It must be a whole number from 1 to ${most.toLocaleString("en-US")}.`);
    }
    return count;
  };
}
