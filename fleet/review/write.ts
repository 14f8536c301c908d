/** Writes a review to the file that the user named. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { CommandError } from "../output/command-error";
import { errorMessage } from "../output/error-message";

/**
 * @param file undefined: no review is rendered or written
 * @throws CommandError if the file cannot be written
 */
export function writeReview(file: string | undefined, render: () => string): void {
  if (file === undefined) return;
  try {
    mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
    writeFileSync(file, render());
  } catch (error) {
    throw new CommandError(`The review cannot be written. ${errorMessage(error)}`);
  }
}
