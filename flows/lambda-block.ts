/** What Connect does around the Lambda of a flow: the event it sends, how long it waits, and which answers it takes. */
import { isRecord, type JsonValue } from "./language/json";

export interface Endpoint {
  /** `+15555550100`; `Anonymous` or empty when the caller withholds the number. */
  readonly Address: string;
  /** `TELEPHONE_NUMBER` for calls. */
  readonly Type: string;
}

/** The part of a contact that a caller of the simulator decides; the rest of the event follows from it. */
export interface Contact {
  readonly ContactId: string;
  readonly Channel: "VOICE" | "CHAT" | "TASK" | "EMAIL";
  /** `INBOUND`, `TRANSFER`, `API` (web chat), `WEBRTC_API`, … */
  readonly InitiationMethod: string;
  readonly InstanceARN: string;
  readonly AwsRegion: string;
  /** Null for web chat and for WebRTC voice calls. */
  readonly CustomerEndpoint: Endpoint | null;
  readonly SystemEndpoint: Endpoint | null;
  readonly Attributes: Readonly<Record<string, string>>;
}

/** The queue a contact waits in, once a flow has set one. */
export interface Queue {
  readonly ARN: string;
  readonly Name: string;
}

/** `Details.ContactData` of the event (adminguide/connect-lambda-functions, with what real events add to it). */
export type ContactData = ReturnType<typeof contactData>;

/** The event that Connect invokes a Lambda with. */
export interface ConnectLambdaEvent {
  readonly Name: "ContactFlowEvent";
  readonly Details: { readonly ContactData: ContactData; readonly Parameters: Readonly<Record<string, JsonValue>> };
}

/**
 * Invokes the function behind `arn`. The answer is its response, parsed or as the raw payload text; it rejects when the
 * function fails. Connect's own retries of throttled and failing functions are the invoker's to play, if it wants them.
 *
 * @param timeLimitMs how long the flow will wait, in milliseconds
 */
export type InvokeLambda = (arn: string, event: ConnectLambdaEvent, timeLimitMs: number) => unknown;

export type LambdaOutcome =
  | { readonly ok: true; readonly response: Readonly<Record<string, JsonValue>> }
  | { readonly ok: false; readonly why: string };

/** Longest response that Connect reads, in bytes of UTF-8 (adminguide/connect-lambda-functions). */
const MAX_RESPONSE_BYTES = 32 * 1024;

/** A contact as events and references see it, with `attributes` and `queue` as they stand now. */
export function contactData(contact: Contact, attributes: Readonly<Record<string, string>>, queue: Queue | null) {
  return {
    Attributes: { ...attributes },
    AwsRegion: contact.AwsRegion,
    Channel: contact.Channel,
    ContactId: contact.ContactId,
    CustomerEndpoint: contact.CustomerEndpoint,
    CustomerId: null,
    Description: null,
    InitialContactId: contact.ContactId,
    InitiationMethod: contact.InitiationMethod,
    InstanceARN: contact.InstanceARN,
    LanguageCode: "en-US",
    MediaStreams: { Customer: { Audio: null } },
    Name: null,
    // On a first contact, samples of real events repeat the contact's own id here.
    PreviousContactId: contact.ContactId,
    Queue: queue,
    References: {},
    RelatedContactId: null,
    SegmentAttributes: {},
    SystemEndpoint: contact.SystemEndpoint,
    Tags: {},
  };
}

/** Invokes, waits at most `timeLimitMs`, and takes the response as a block with this `ResponseValidation` takes it. */
export async function callLambda(
  invoke: InvokeLambda,
  arn: string,
  event: ConnectLambdaEvent,
  timeLimitMs: number,
  responseType: "STRING_MAP" | "JSON",
): Promise<LambdaOutcome> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<LambdaOutcome>((resolve) => {
    timer = setTimeout(() => {
      resolve({ ok: false, why: `no response within ${timeLimitMs} ms` });
    }, timeLimitMs);
  });
  const answer = (async () => readResponse(await invoke(arn, event, timeLimitMs), responseType))().catch(
    (error: unknown): LambdaOutcome => ({ ok: false, why: error instanceof Error ? error.message : String(error) }),
  );
  const outcome = await Promise.race([answer, timeout]);
  clearTimeout(timer);
  return outcome;
}

/**
 * A function's response as a flow reads it. `STRING_MAP` takes a flat object of strings alone: the documentation says so,
 * and whether the service converts other values nobody has shown, so nothing here may depend on it.
 */
function readResponse(response: unknown, responseType: "STRING_MAP" | "JSON"): LambdaOutcome {
  const payload = typeof response === "string" ? response : (JSON.stringify(response) as string | undefined);
  if (payload === undefined) return { ok: false, why: "the response is empty" };
  const bytes = Buffer.byteLength(payload, "utf8");
  if (bytes > MAX_RESPONSE_BYTES)
    return { ok: false, why: `the response has ${bytes} bytes, over ${MAX_RESPONSE_BYTES}` };
  let parsed: unknown;
  try {
    parsed = JSON.parse(payload);
  } catch {
    return { ok: false, why: "the response is not JSON" };
  }
  if (!isRecord(parsed)) return { ok: false, why: "the response is not an object" };
  const notText = Object.keys(parsed).find((key) => typeof parsed[key] !== "string");
  if (responseType === "STRING_MAP" && notText !== undefined) {
    return { ok: false, why: `the value of "${notText}" in the response is not a string` };
  }
  return { ok: true, response: parsed as Readonly<Record<string, JsonValue>> };
}
