/** The result of `check` as text and as JSON, with redacted phone numbers. */
import type { InstanceConfig } from "../../../config/types";
import { explanationOf, NO_ACTION } from "../../../lambda/explanations";
import { printable } from "../../../config/printable";
import { redactText, redactNumbers } from "../../output/redact";
import { textTable } from "../../output/text-table";
import type { Answer } from "./answer";
import type { CallerCheck } from "./check-caller";
import { contactsListed, itemsRead, type ContactList } from "./contacts";

/** Makes a text from the table safe to print. */
type Redact = (text: string) => string;

/** @param isShown whether the user asked for whole numbers */
export function redactionFor(address: string, isShown: boolean): Redact {
  if (isShown) return printable;
  // The table may hold the number without its plus sign.
  const digits = /^(?:\+\d{5,}|\d{7,})$/.test(address) ? address.replace("+", "") : undefined;
  const redacted = redactNumbers(`+${digits ?? ""}`).slice(1);
  return (text) => printable(redactNumbers(digits === undefined ? text : text.replaceAll(digits, redacted)));
}

/** The result of one instance as lines of text. */
export function callerReport({ instance, caller: { address, reading }, answer }: CallerCheck, redact: Redact): string {
  // An address without a plus sign may be an e-mail address.
  const caller = redact(address.startsWith("+") ? address : redactText(address));
  const read = reading === undefined ? [] : [`  The number is read as ${caller}: ${reading}.`];
  if (typeof answer === "string") {
    return [`${instance.stackName}: not answered`, ...read, `  ${redact(answer)}`].join("\n");
  }
  const verdict = answer.blocked ? "BLOCKED" : "not blocked";
  return [
    `${instance.stackName}: ${verdict} (${answer.reason})`,
    ...read,
    `  ${reasonText(instance, caller, answer, redact)}`,
    ...answer.listed.flatMap((listed) => ["", ...indented(contactTable(listed, redact))]),
    ...unblockSteps(answer, caller),
    ...(answer.listed.length > 0 && caller !== address && redact !== printable
      ? ["  (--show-numbers prints the whole number.)"]
      : []),
    ...answer.nearMisses.flatMap((listed) => ["", `  ${nearMissText(instance, listed)}`]),
  ].join("\n");
}

function reasonText(instance: InstanceConfig, caller: string, answer: Answer, redact: Redact): string {
  switch (answer.reason) {
    case "blocked":
      return `A contact of ${caller} has the blocked Disposition ${quoted(dispositionsOf(answer.listed), " and ")}.`;
    case "not_blocked":
      return `No contact of ${caller} has the Disposition ${quoted(instance.blockedDispositions, " or ")}.`;
    case "exempt":
      return `exemptNumbers has ${redact(answer.exemptBy ?? "")}, which exempts ${caller} from every block.`;
    default: {
      const { cause = "", remediation = "" } = explanationOf(answer.reason) ?? {};
      return `${caller}: ${cause}${remediation === NO_ACTION ? "" : ` ${remediation}`}`.replaceAll("`", "");
    }
  }
}

function unblockSteps({ listed, exemptBy }: Answer, caller: string): readonly string[] {
  if (listed.length === 0) return [];
  return [
    "",
    exemptBy === undefined
      ? "  To unblock the caller, override the Disposition of all these contacts; one blocked contact is enough to block."
      : "  Without the exemption, these contacts would block the caller until the Disposition of each one is overridden.",
    "  To find them, search in ConnectPath's Activity Search:",
    ...dispositionsOf(listed).map((disposition) => `    disposition: ${disposition} & customer_endpoint: ${caller}`),
  ];
}

function nearMissText({ blockedDispositions }: InstanceConfig, { disposition, contacts, more }: ContactList): string {
  const count = `${more ? "more than " : ""}${contacts.length} ${contacts.length === 1 ? "contact has" : "contacts have"}`;
  return (
    `Near miss: ${count} the Disposition ${JSON.stringify(disposition)}, which blocks no caller. ` +
    `Only the exact Disposition ${quoted(blockedDispositions, " or ")} blocks a caller.`
  );
}

function contactTable({ disposition, contacts, more }: ContactList, redact: Redact): string[] {
  const header = [...new Set(contacts.flatMap(({ keys, ids }) => [...keys, ...ids].map(([name]) => name)))];
  const rows = contacts.map(({ keys, ids }) => {
    const values = new Map([...keys, ...ids]);
    return header.map((name) => redact(values.get(name) ?? ""));
  });
  const count = more ? `More than ${contactsListed}` : String(contacts.length);
  return [
    `${count} ${contacts.length === 1 ? "contact has" : "contacts have"} the Disposition ${JSON.stringify(disposition)}:`,
    "",
    ...textTable(header.map(redact), rows).split("\n"),
    ...(more
      ? [`Only the first ${contactsListed} are listed. Override the Disposition of these contacts, then check again.`]
      : []),
    ...(contacts.length > itemsRead ? [`Contact ids are shown for the first ${itemsRead} contacts only.`] : []),
  ];
}

/** The same result for `--json`. */
export function callerJson({ instance, caller: { address, reading }, answer }: CallerCheck, redact: Redact) {
  const read = reading === undefined ? {} : { readAs: redact(address), reading };
  if (typeof answer === "string") return { stack: instance.stackName, ...read, error: redact(answer) };
  const { blocked, reason, exemptBy, listed, nearMisses } = answer;
  const contactsJson = (groups: readonly ContactList[]) =>
    groups.map(({ disposition, more, contacts }) => ({
      disposition,
      more,
      contacts: contacts.map(({ keys, ids }) =>
        Object.fromEntries([...keys, ...ids].map(([name, value]) => [name, redact(value)])),
      ),
    }));
  return {
    stack: instance.stackName,
    ...read,
    blocked,
    reason,
    ...(exemptBy === undefined ? {} : { exemptBy: redact(exemptBy) }),
    listed: contactsJson(listed),
    nearMisses: contactsJson(nearMisses),
  };
}

const dispositionsOf = (listed: readonly ContactList[]): readonly string[] =>
  listed.map(({ disposition }) => disposition);

const quoted = (values: readonly string[], separator: string): string =>
  values.map((value) => JSON.stringify(value)).join(separator);

const indented = (lines: readonly string[]): string[] => lines.map((line) => (line === "" ? "" : `  ${line}`));
