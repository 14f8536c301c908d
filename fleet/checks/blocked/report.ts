/** The list of blocked numbers as a table, as CSV and as JSON, with redacted phone numbers. */
import { printable } from "../../../config/printable";
import { explanationOf } from "../../../lambda/explanations";
import { redactText } from "../../output/redact";
import type { BlockedNumber } from "./blocked-numbers";
import type { ContactDetails } from "./contact-details";
import { type BlockedSummary, similarCounted } from "./list-blocked";

/** Makes a text from the table safe to print. */
export type Shown = (text: string) => string;

/** @param isWhole whether the user asked for whole numbers */
export const shownText = (isWhole: boolean): Shown => (isWhole ? printable : redactText);

const [numberWidth, statusWidth, contactsWidth] = [20, 17, 8] as const;

const tableLine = (number: string, status: string, contacts: string, dispositions: string): string =>
  `${number.padEnd(numberWidth)}  ${status.padEnd(statusWidth)}  ${contacts.padStart(contactsWidth)}  ${dispositions}`;

/** The header of the table. The widths of the columns are fixed, because the rows are printed while they are read. */
export const tableHeader = (): string =>
  [
    tableLine("number", "status", "contacts", "Dispositions"),
    tableLine(
      ...(["-".repeat(numberWidth), "-".repeat(statusWidth), "-".repeat(contactsWidth)] as const),
      "-".repeat(12),
    ),
  ].join("\n");

/** One line, and one more for each contact whose details were read. */
export const tableRow = (
  { address, status, contacts, dispositions, details = [] }: BlockedNumber,
  shown: Shown,
): string =>
  [
    tableLine(shown(address), status, String(contacts), dispositions.map((name) => shown(name)).join(", ")),
    ...details.map((one) => {
      const values = Object.entries(shownDetails(one, shown)).map(([name, value]) => `${name} ${value}`);
      return `  ${values.join(", ") || "the contact has none of the attributes"}`;
    }),
  ].join("\n");

const csvColumns = "stack,number,status,contacts,dispositions,keys";

/** @param hasDetails whether each row has the details of the contacts */
export const csvHeader = (hasDetails: boolean): string => (hasDetails ? `${csvColumns},details` : csvColumns);

/** One row. `dispositions`, `keys` and `details` are JSON arrays. */
export function csvRow(stack: string, number: BlockedNumber, shown: Shown): string {
  const { address, status, contacts, dispositions, keys, details } = jsonRow(stack, number, shown);
  const lists = [dispositions, keys, ...(details === undefined ? [] : [details])].map((list) => JSON.stringify(list));
  return csvLine([stack, address, status, String(contacts), ...lists]);
}

/** The fields of one line of `--json`. */
export const jsonRow = (
  stack: string,
  { address, status, contacts, dispositions, keys, details }: BlockedNumber,
  shown: Shown,
) => ({
  stack,
  address: shown(address),
  status,
  contacts,
  dispositions: dispositions.map((name) => shown(name)),
  keys: keys.map((key) => Object.fromEntries(Object.entries(key).map(([name, value]) => [name, shown(value)]))),
  ...(details === undefined ? {} : { details: details.map((one) => shownDetails(one, shown)) }),
});

/** A date with a time has many digits, but it is no phone number. */
const timestamp = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/;

const shownDetails = (details: ContactDetails, shown: Shown): ContactDetails =>
  Object.fromEntries(
    Object.entries(details).map(([name, value]) => [name, timestamp.test(value) ? value : shown(value)]),
  );

export const csvLine = (cells: readonly string[]): string => cells.map(csvCell).join(",");

/** A cell of CSV (RFC 4180). A spreadsheet would run a cell that begins like a formula; a phone number may begin with a plus sign. */
function csvCell(text: string): string {
  const safe = /^[=@\t\r-]|^\+(?![\d•]+$)/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * What the list of one stack contains.
 *
 * @param isContinued the summary leaves out the lines before `--resume`
 */
export function summaryText(
  stack: string,
  { statuses, contacts, similar }: BlockedSummary,
  shown: Shown,
  isContinued: boolean,
): string {
  const blocked = statuses.get("blocked") ?? 0;
  const others = [...statuses].filter(([status]) => status !== "blocked");
  return [
    `${stack}${isContinued ? ", continued" : ""}: ${counted(blocked, "number is blocked", "numbers are blocked")}. ${isContinued ? "This part of the list" : "The list"} has ${counted(contacts, "contact", "contacts")}.`,
    ...others.map(([status, count]) => {
      const cause = (explanationOf(status)?.cause ?? "").replaceAll("`", "");
      return `  ${counted(count, "address", "addresses")} with the status ${status}: ${cause}`;
    }),
    ...similar.map(({ disposition, contacts: count }) => {
      const number =
        count === similarCounted ? `At least ${count} contacts have` : counted(count, "contact has", "contacts have");
      return `  ${number} the Disposition ${JSON.stringify(shown(disposition))}, which blocks no caller. Is it a misspelled blocked Disposition?`;
    }),
  ].join("\n");
}

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;
