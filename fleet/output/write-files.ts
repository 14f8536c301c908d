/** Writes generated files to a directory that the user names. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { CommandError } from "./command-error";
import { errorMessage } from "./error-message";

/**
 * @param files name (relative to the directory) and text of each file
 * @param label the name of the files as the subject of an error message, such as `The policies`
 * @returns the path of each file
 * @throws CommandError if a file cannot be written
 */
export function writeFiles(
  directory: string,
  files: readonly (readonly [name: string, text: string])[],
  label: string,
): readonly string[] {
  try {
    return files.map(([name, text]) => {
      const file = path.join(directory, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
      return file;
    });
  } catch (error) {
    throw new CommandError(`${label} cannot be written. ${errorMessage(error)}`);
  }
}
