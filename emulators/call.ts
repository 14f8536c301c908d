/** `npm run call -- NUMBER`: calls the company in the emulated account, and prints what the caller experiences. */
import { parseArgs } from "node:util";
import { printable, printableLines } from "../config/printable";
import { redactNumbers } from "../fleet/output/redact";
import { ignoreClosedPipes } from "../fleet/output/terminal";
import { isLoopback } from "./account";
import { company } from "./company";
import { callPath, type CallAnswer, type CallRequest } from "./phone";
import { defaultPort, environmentScript } from "./places";
import { experienceOf, type PlayedCall, reasonOf } from "./play-call";

const help = `Calls the company in the emulated account (npm run emulators), and prints the blocks of the flow and what the caller experiences.

Usage: npm run call -- NUMBER [OPTIONS]

NUMBER is an international number such as +15555550101, or anonymous for a withheld number.

Options:
  --flow NAME          First assigns the company's phone number to this flow. Later calls use the same flow.
  --disposition TEXT   After the call, stores a contact with this Disposition, as an agent does.
  --help               Shows this page.`;

/** A mistake of the user or a missing emulator. The message is printed without a stack trace. */
class CallError extends Error {}

function parse(args: readonly string[]): CallRequest | "help" {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      options: { flow: { type: "string" }, disposition: { type: "string" }, help: { type: "boolean", short: "h" } },
      allowPositionals: true,
    });
  } catch (error) {
    throw new CallError(`${(error as Error).message}\n\n${help}`);
  }
  const { values, positionals } = parsed;
  if (values.help === true) return "help";
  const [from = "", ...others] = positionals;
  if (others.length > 0 || !/^(\+[1-9]\d{1,14}|anonymous)$/i.test(from)) {
    throw new CallError(
      `${JSON.stringify(positionals.join(" "))} is not a caller. Give one international number such as +15555550101, or anonymous.\n\n${help}`,
    );
  }
  const { flow, disposition } = values;
  return { from, ...(flow === undefined ? {} : { flow }), ...(disposition ? { disposition } : {}) };
}

/** Only a loopback address: a real account has no phone that this command could call. */
function endpoint(): string {
  const given = process.env["AWS_ENDPOINT_URL"] ?? `http://127.0.0.1:${defaultPort}`;
  if (isLoopback(given)) return given;
  throw new CallError(
    `AWS_ENDPOINT_URL is ${given}. The command calls only the emulators on this machine.\n` +
      `  In this terminal, run: . ${environmentScript}`,
  );
}

async function place(request: CallRequest): Promise<CallAnswer> {
  const url = endpoint();
  let answer: Response;
  try {
    answer = await fetch(`${url}${callPath}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
    });
  } catch {
    throw new CallError(
      `The emulators do not answer at ${url}.\n` +
        `  In another terminal, run: npm run emulators\n  Then run in this terminal: . ${environmentScript}`,
    );
  }
  const text = await answer.text();
  if (answer.status !== 200) throw new CallError(`The call could not be placed: ${text.slice(0, 2000)}`);
  return JSON.parse(text) as CallAnswer;
}

/** The blocks that the call passed, with the cause of each error branch. */
const pathText = ({ path }: PlayedCall): string =>
  path
    .map(({ identifier, type, branch, detail }) =>
      detail === undefined || branch === "success" || type === "MessageParticipant"
        ? identifier
        : `${identifier} (${branch}: ${detail})`,
    )
    .join(" → ");

function statusText({ attributes, ...call }: PlayedCall): string {
  const status = attributes["blockedStatus"];
  if (status === undefined) {
    return "blockedStatus is not set: no block of the flow invoked the module blockedStatus, so the caller was not checked.";
  }
  const time = call.lookupMs === undefined ? "" : `, lookup in ${call.lookupMs.toFixed(1)} ms`;
  return `blockedStatus is ${status} (${reasonOf({ attributes, ...call })}${time}).`;
}

async function main(args: readonly string[]): Promise<void> {
  const request = parse(args);
  if (request === "help") {
    print(help);
    return;
  }
  const { flow, call } = await place(request);
  print(`Call from ${request.from} to ${company.phoneNumber}, flow ${JSON.stringify(flow)}\n`);
  for (const line of [pathText(call), statusText(call), experienceOf(call) ?? ""]) print(`  ${line}`);
  if (request.disposition !== undefined)
    print(`\n  An agent then chose the Disposition ${JSON.stringify(request.disposition)}.`);
}

function print(text: string): void {
  process.stdout.write(`${redactNumbers(text.split("\n").map(printable).join("\n"))}\n`);
}

ignoreClosedPipes();
main(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof CallError)) throw error;
  process.stderr.write(`${printableLines(error.message)}\n`);
  process.exitCode = 1;
});
