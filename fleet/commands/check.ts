/** `check`: would this caller be blocked, why, and what to do to unblock them. */
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import type { InstanceConfig } from "../../config/types";
import { explanationOf } from "../../lambda/explanations";
import { grant, isAccessDenied } from "../aws/errors";
import type { Command } from "./command-line";
import { CommandError } from "../output/command-error";
import { instanceClients } from "../aws/instance-clients";
import { masked, redactNumbers, printable } from "../output/redact";
import { errorMessage } from "../output/error-message";
import { textTable } from "../output/text-table";
import { answerFor, type Answer } from "../checks/caller/answer";
import { callerFrom } from "../checks/caller/caller";
import { contactsListed, itemsRead, type Listed } from "../checks/caller/contacts";

export const check: Command = {
  name: "check",
  summary:
    "Says whether a caller would be blocked, by which rule and contacts, and how to unblock them; it only reads.",
  argument: "NUMBER",
  selection: "optional",
  options: {
    "show-numbers": {
      description: "Prints numbers whole. Without it they are masked: output may end in a log or a ticket.",
    },
    json: { description: "Prints a JSON array instead of text." },
  },
  details: `NUMBER is the caller's, with country code, as people write it: '+1 (555) 555-0100', quoted; or what stands for it, such as Anonymous.
The answer is that of the environment files and of the table now, as the deployed function gives it; verify shows that they are deployed.

Exit code 0: answered, whatever the answer; 1: an instance could not be asked.

${selectionSyntax}`,
  async run({ argument, selection, switches }, print) {
    const address = callerFrom(argument);
    const show = switches.has("show-numbers") ? printable : hider(address);
    const results: { readonly instance: InstanceConfig; readonly result: Answer | string }[] = [];
    for (const instance of selectFrom(readEnvironments(), selection)) {
      const result = await ask(instance, address);
      if (!switches.has("json")) {
        const lines =
          typeof result === "string"
            ? [`${instance.stackName}: not answered`, `  ${show(result)}`]
            : told(instance, address, result, show);
        print([...(results.length === 0 ? [] : [""]), ...lines].join("\n"));
      }
      results.push({ instance, result });
    }
    if (switches.has("json"))
      print(
        JSON.stringify(
          results.map((one) => asJson(one, show)),
          null,
          2,
        ),
      );
    return results.some(({ result }) => typeof result === "string") ? 1 : 0;
  },
};

type Show = (text: string) => string;

/** Hides this number, with its plus or without, and all others that begin with one. */
function hider(address: string): Show {
  const digits = /^\+\d{5,}$/.test(address) ? address.slice(1) : undefined;
  const mask = redactNumbers(address).slice(1);
  return (text) => {
    const without = digits === undefined ? text : text.replaceAll(digits, mask);
    return printable(redactNumbers(without));
  };
}

/** The answer, or why there is none. */
async function ask(instance: InstanceConfig, address: string): Promise<Answer | string> {
  const clients = instanceClients(instance);
  try {
    return await answerFor(instance, address, clients);
  } catch (error) {
    if (error instanceof CommandError) return error.message;
    if (!(error instanceof Error) || !("$metadata" in error)) throw error;
    const fix = isAccessDenied(error)
      ? grant("operate")
      : `Find the cause with: npm run fleet -- verify ${instance.stackName}`;
    return `${errorMessage(error)} ${fix}`;
  } finally {
    clients.destroy();
  }
}

function told(instance: InstanceConfig, address: string, answer: Answer, show: Show): string[] {
  // What is no number may be an e-mail address.
  const who = show(address.startsWith("+") ? address : masked(address)) || "A withheld number";
  const verdict = answer.blocked ? "BLOCKED" : "not blocked";
  const lines = [`${instance.stackName}: ${verdict} (${answer.reason})`, `  ${sentence(instance, who, answer, show)}`];
  for (const listed of answer.listed) lines.push("", ...indented(contactTable(listed, show)));
  if (answer.listed.length > 0) {
    const how = answer.listed.map(({ disposition }) => `    disposition: ${disposition} & customer_endpoint: ${who}`);
    lines.push(
      "",
      answer.exemptBy === undefined
        ? "  To unblock it, override the Disposition of every one of these contacts: one that keeps it is enough to block. In ConnectPath's"
        : "  Were it not exempt, these contacts would block it until each is overridden. In ConnectPath's",
      "  Activity Search they are found by:",
      ...how,
    );
    if (show !== printable && address.startsWith("+")) lines.push("  (--show-numbers prints the number whole.)");
  }
  for (const { disposition, contacts, more } of answer.near) {
    lines.push(
      "",
      `  Near miss: ${more ? "more than " : ""}${contacts.length} of its contacts ${contacts.length === 1 ? "carries" : "carry"} ${JSON.stringify(disposition)}, which blocks nobody: the match with ` +
        `${instance.blockedDispositions.map((one) => JSON.stringify(one)).join(", ")} is exact.`,
    );
  }
  return lines;
}

function sentence(instance: InstanceConfig, who: string, answer: Answer, show: Show): string {
  const dispositions = (
    answer.listed.length > 0 ? answer.listed.map(({ disposition }) => disposition) : instance.blockedDispositions
  )
    .map((disposition) => JSON.stringify(disposition))
    .join(" and ");
  switch (answer.reason) {
    case "blocked":
      return `${who} is listed under ${dispositions}.`;
    case "not_blocked":
      return `No contact of ${who} carries ${dispositions.replaceAll(" and ", " or ")}.`;
    case "exempt":
      return `${who} is in exemptNumbers, by ${show(answer.exemptBy ?? "")}, and that wins over everything.`;
    default: {
      const { means = "", todo = "" } = explanationOf(answer.reason) ?? {};
      return `${who}: ${means}${todo === "Nothing." ? "" : ` ${todo}`}`.replaceAll("`", "");
    }
  }
}

function contactTable({ disposition, contacts, more }: Listed, show: Show): string[] {
  const header = [...new Set(contacts.flatMap(({ keys, ids }) => [...keys, ...ids].map(([name]) => name)))];
  const rows = contacts.map(({ keys, ids }) => {
    const values = new Map([...keys, ...ids]);
    return header.map((name) => show(values.get(name) ?? ""));
  });
  const count = more ? `More than ${contactsListed}` : String(contacts.length);
  return [
    `${count} ${contacts.length === 1 ? "contact carries" : "contacts carry"} ${JSON.stringify(disposition)}:`,
    "",
    ...textTable(header.map(show), rows).split("\n"),
    ...(more ? [`The first ${contactsListed} are listed: override these and check again.`] : []),
    ...(contacts.length > itemsRead ? [`Contact ids were read for the first ${itemsRead} only.`] : []),
  ];
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => (line === "" ? "" : `  ${line}`));

function asJson(
  { instance, result }: { readonly instance: InstanceConfig; readonly result: Answer | string },
  show: Show,
) {
  if (typeof result === "string") return { stack: instance.stackName, error: show(result) };
  const contacts = (listed: readonly Listed[]) =>
    listed.map((one) => ({
      disposition: one.disposition,
      more: one.more,
      contacts: one.contacts.map(({ keys, ids }) =>
        Object.fromEntries([...keys, ...ids].map(([name, value]) => [name, show(value)])),
      ),
    }));
  const { blocked, reason: why, exemptBy, listed, near } = result;
  return {
    stack: instance.stackName,
    blocked,
    reason: why,
    ...(exemptBy === undefined ? {} : { exemptBy: show(exemptBy) }),
    listed: contacts(listed),
    nearMisses: contacts(near),
  };
}
