/** Where `npm run emulators` listens and writes its files. */
import path from "node:path";

/** The port of the endpoint of all services. */
export const defaultPort = 4599;

export const defaultDirectory = path.join("build", "emulators");

const scriptName = "env.sh";

/** The file for the shell's `.` command, as the messages show it. */
export const environmentScript = path.join(defaultDirectory, scriptName);

export interface Places {
  readonly script: string;
  readonly environments: string;
  readonly wireLog: string;
}

/** The files in a directory, as absolute paths. */
export const placesIn = (directory: string): Places => ({
  script: path.resolve(directory, scriptName),
  environments: path.resolve(directory, "environments"),
  wireLog: path.resolve(directory, "wire.jsonl"),
});
