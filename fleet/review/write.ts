/** Writes a review where the person wants it. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { CommandError } from "../output/command-error";
import { errorMessage } from "../output/error-message";

/**
 * @param file undefined where nobody asked for it: then it is not made
 * @throws CommandError where it cannot be written
 */
export function writeReview(file: string | undefined, text: () => string): void {
  if (file === undefined) return;
  try {
    mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
    writeFileSync(file, text());
  } catch (error) {
    throw new CommandError(`The review cannot be written. ${errorMessage(error)}`);
  }
}
