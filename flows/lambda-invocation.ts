/** Models how Connect invokes a Lambda function from a flow: the event, the time limit and the accepted responses. */
import { isRecord, type JsonValue } from "./language/json";

export interface Endpoint {
  /** `+15555550100`; `Anonymous` or empty for a withheld caller. */
  readonly Address: string;
  /** `TELEPHONE_NUMBER` for calls. */
  readonly Type: string;
}

/** The fields of a contact that a simulation sets. The event derives its other fields from them. */
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

/** The working queue that a flow has set for the contact. */
export interface Queue {
  readonly ARN: string;
  readonly Name: string;
}

/** `Details.ContactData` of the event (adminguide/connect-lambda-functions, plus fields seen in real events). */
export type ContactData = ReturnType<typeof contactData>;

/** The event that Connect sends to a Lambda function. */
export interface ConnectLambdaEvent {
  readonly Name: "ContactFlowEvent";
  readonly Details: { readonly ContactData: ContactData; readonly Parameters: Readonly<Record<string, JsonValue>> };
}

/**
 * Invokes the function `arn` and returns its response, parsed or as raw payload text. Rejects if the function fails. An implementation
 * that needs Connect's retries of throttled or failing functions must perform them itself.
 *
 * @param timeLimitMs time that the flow waits, in milliseconds
 */
export type InvokeLambda = (arn: string, event: ConnectLambdaEvent, timeLimitMs: number) => unknown;

export type LambdaResult =
  | { readonly ok: true; readonly response: Readonly<Record<string, JsonValue>> }
  | { readonly ok: false; readonly reason: string };

/** Longest response that Connect accepts, in bytes of UTF-8 (adminguide/connect-lambda-functions). */
const MAX_RESPONSE_BYTES = 32 * 1024;

/** Returns the contact data for events and references, with the current `attributes` and `queue`. */
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
    // In samples of real events, a contact without a previous contact has its own id here.
    PreviousContactId: contact.ContactId,
    Queue: queue,
    References: {},
    RelatedContactId: null,
    SegmentAttributes: {},
    SystemEndpoint: contact.SystemEndpoint,
    Tags: {},
  };
}

/** Invokes the function, waits at most `timeLimitMs`, and validates the response by `responseType`. */
export async function callLambda(
  invoke: InvokeLambda,
  arn: string,
  event: ConnectLambdaEvent,
  timeLimitMs: number,
  responseType: "STRING_MAP" | "JSON",
): Promise<LambdaResult> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<LambdaResult>((resolve) => {
    timer = setTimeout(() => {
      resolve({ ok: false, reason: `no response within ${timeLimitMs} ms` });
    }, timeLimitMs);
  });
  const response = (async () => readResponse(await invoke(arn, event, timeLimitMs), responseType))().catch(
    (error: unknown): LambdaResult => ({ ok: false, reason: error instanceof Error ? error.message : String(error) }),
  );
  const result = await Promise.race([response, timeout]);
  clearTimeout(timer);
  return result;
}

/**
 * Validates a function's response. `STRING_MAP` accepts only a flat object of strings, as documented. No source shows whether the
 * service converts other values, so the simulator treats them as an error.
 */
function readResponse(response: unknown, responseType: "STRING_MAP" | "JSON"): LambdaResult {
  const payload = typeof response === "string" ? response : (JSON.stringify(response) as string | undefined);
  if (payload === undefined) return { ok: false, reason: "the response is empty" };
  const bytes = Buffer.byteLength(payload, "utf8");
  if (bytes > MAX_RESPONSE_BYTES)
    return { ok: false, reason: `the response has ${bytes} bytes, over ${MAX_RESPONSE_BYTES}` };
  let parsed: unknown;
  try {
    parsed = JSON.parse(payload);
  } catch {
    return { ok: false, reason: "the response is not JSON" };
  }
  if (!isRecord(parsed)) return { ok: false, reason: "the response is not an object" };
  const nonStringKey = Object.keys(parsed).find((key) => typeof parsed[key] !== "string");
  if (responseType === "STRING_MAP" && nonStringKey !== undefined) {
    return { ok: false, reason: `the value of "${nonStringKey}" in the response is not a string` };
  }
  return { ok: true, response: parsed as Readonly<Record<string, JsonValue>> };
}
