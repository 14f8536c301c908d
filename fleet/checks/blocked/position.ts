/** Remembers how far a list of blocked numbers was read, so that an interrupted command can continue. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { CommandError } from "../../output/command-error";
import { errorMessage } from "../../output/error-message";

/** It contains a phone number, so only its owner may read it. */
const file = path.join("build", "blocked", "position.json");

const schema = z.strictObject({
  /** The options and the selection that the list was started with. */
  request: z.string(),
  /** The address of the last line by stack; null for a stack whose list is complete. */
  stacks: z.record(z.string(), z.string().nullable()),
});

export class Position {
  private readonly stacks: Record<string, string | null>;

  /** @throws CommandError if there is no list to continue, or if the list was started with other options */
  constructor(
    private readonly request: string,
    isContinued: boolean,
  ) {
    this.stacks = isContinued ? readStacks(request) : {};
    // A new list must not continue an older one.
    if (!isContinued) this.remove();
  }

  /** Where to continue: after this address; `complete` if the stack is finished; undefined at the start. */
  of(stackName: string): { readonly after?: string } | "complete" {
    const address = Object.hasOwn(this.stacks, stackName) ? this.stacks[stackName] : undefined;
    if (address === null) return "complete";
    return address === undefined ? {} : { after: address };
  }

  /** @throws CommandError if the file cannot be written */
  save(stackName: string, address: string | null): void {
    this.stacks[stackName] = address;
    try {
      mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(file, JSON.stringify({ request: this.request, stacks: this.stacks }), { mode: 0o600 });
    } catch (error) {
      throw new CommandError(`The position in the list cannot be saved. ${errorMessage(error)}`);
    }
  }

  /** Everything is listed. */
  remove(): void {
    rmSync(file, { force: true });
  }
}

function readStacks(request: string): Record<string, string | null> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new CommandError("There is no interrupted list in this directory. Run the command without --resume.");
  }
  let position: z.infer<typeof schema>;
  try {
    position = schema.parse(JSON.parse(text));
  } catch {
    throw new CommandError(`${file} is damaged. Run the command without --resume.`);
  }
  if (position.request !== request) {
    throw new CommandError(
      "The interrupted list was started with another selection or other options. " +
        "To continue that list, run that command again with --resume. To start a new list, run this command without --resume.",
    );
  }
  return position.stacks;
}
