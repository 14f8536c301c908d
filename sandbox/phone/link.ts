/** The link of a state of the page: the instance, and every call and Disposition that led to the state. */

/** States of the table during a call. The words are part of links. */
export const tableFaults = ["throttled", "no-index", "access-denied", "slow", "unreachable"] as const;
export type TableFault = (typeof tableFaults)[number];

export interface CallStep {
  readonly kind: "call";
  /** The caller's number as sent by the network, or the word that the network sends for a withheld number. */
  readonly from: string;
  /** Absent if the table works. */
  readonly fault?: TableFault;
}

/** An agent or a reviewer chooses the Disposition of the contact of a call. */
export interface DispositionStep {
  readonly kind: "disposition";
  /** The call, counted from 1. */
  readonly call: number;
  readonly disposition: string;
}

export type Step = CallStep | DispositionStep;

/** A link that this program did not make. The message is for the user. */
export class LinkError extends Error {}

/** Largest number of steps. */
export const maxSteps = 60;
/** Largest length of a link in characters. Node.js accepts 16 kB for the address and all headers. */
const maxLink = 8000;
/** Largest length of a number and of a Disposition in characters. */
export const maxText = 120;

/**
 * Reads the query of a link: `instance=STACK`, then the steps in order. `call=NUMBER` is a call, `call.throttled=NUMBER` a call during a
 * fault of the table, and `contact.1=DISPOSITION` the choice of a Disposition for the contact of the first call.
 *
 * @throws LinkError
 */
export function parseLink(query: string): { readonly instance: string | undefined; readonly steps: readonly Step[] } {
  if (query.length > maxLink) {
    throw new LinkError(`The link has ${query.length} characters. At most ${maxLink} are allowed. Start over.`);
  }
  let instance: string | undefined;
  const steps: Step[] = [];
  let calls = 0;
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === "instance") {
      instance = value;
      continue;
    }
    const step = parseStep(name, value);
    if (step.kind === "call") calls++;
    else if (step.call > calls)
      throw new LinkError(`The link chooses a Disposition for call ${step.call} before the call.`);
    steps.push(step);
  }
  if (steps.length > maxSteps) {
    throw new LinkError(`The link has ${steps.length} steps. At most ${maxSteps} are allowed. Start over.`);
  }
  return { instance, steps };
}

function parseStep(name: string, value: string): Step {
  if (value === "" || value.length > maxText) {
    throw new LinkError(`A number or a Disposition has ${value.length} characters. Allowed are 1 to ${maxText}.`);
  }
  const [, fault] = /^call(?:\.(.+))?$/.exec(name) ?? ["", ""];
  if (name === "call") return { kind: "call", from: value };
  const known = tableFaults.find((word) => word === fault);
  if (known !== undefined) return { kind: "call", from: value, fault: known };
  const [, call] = /^contact\.([1-9]\d?)$/.exec(name) ?? [];
  if (call !== undefined) return { kind: "disposition", call: Number(call), disposition: value };
  throw new LinkError("The link has a part that this page does not know. Start over, or use the complete link.");
}

/** The query of a link. `parseLink` reads it. */
export function linkOf(instance: string, steps: readonly Step[]): string {
  const query = new URLSearchParams({ instance });
  for (const step of steps) {
    if (step.kind === "disposition") query.append(`contact.${step.call}`, step.disposition);
    else query.append(step.fault === undefined ? "call" : `call.${step.fault}`, step.from);
  }
  return query.toString();
}
