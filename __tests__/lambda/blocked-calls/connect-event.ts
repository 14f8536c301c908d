/** Builds events of Connect, and runs the function in this process to answer them. */
import { createHandler, type Answer } from "../../../lambda/blocked-calls/handler";
import { functionEnvironment, type FunctionSettings } from "../../../lambda/settings";

export const NUMBER = "+15555550100";
export const CONTACT_ID = "5ca32fbd-8f92-46af-92a5-6b0f970f0efe";

export const SETTINGS: FunctionSettings = {
  environment: "dev",
  instanceName: "acme-dev",
  tableName: "dextr-acme-dev",
  blockedDispositions: ["Blocked"],
  anonymousCallers: "allow",
  exemptNumbers: [],
  otherNumbers: false,
  budgetMs: 1500,
};

const telephone = (address: string) => ({ Address: address, Type: "TELEPHONE_NUMBER" });

/** Contact data of an inbound phone call, from AWS's documentation of the event. */
const PHONE_CALL = {
  Attributes: {},
  AwsRegion: "us-east-1",
  Channel: "VOICE",
  ContactId: CONTACT_ID,
  CustomerEndpoint: telephone(NUMBER) as unknown,
  CustomerId: null,
  Description: null,
  InitialContactId: CONTACT_ID,
  InitiationMethod: "INBOUND",
  InstanceARN: "arn:aws:connect:us-east-1:111122223333:instance/9308c2a1-9bc6-4cea-8290-6c0b4a6d38fa",
  LanguageCode: "en-US",
  MediaStreams: { Customer: { Audio: null } },
  Name: null,
  PreviousContactId: CONTACT_ID,
  Queue: null,
  References: {},
  SegmentAttributes: { "connect:Subtype": { ValueString: "connect:Telephony" } },
  SystemEndpoint: telephone("+15555550199") as unknown,
  Tags: {},
};

export interface ConnectEvent {
  readonly Name: string;
  readonly Details: {
    readonly ContactData: typeof PHONE_CALL;
    readonly Parameters: Record<string, unknown>;
  };
}

/** The event of an inbound phone call, with the given changes of contact data and parameters. */
export function connectEvent(contact: Partial<typeof PHONE_CALL> = {}, parameters: object = {}): ConnectEvent {
  return {
    Name: "ContactFlowEvent",
    Details: {
      ContactData: { ...PHONE_CALL, ...contact },
      Parameters: { BlockedDisposition: "Blocked", InstanceName: "acme-dev", ...parameters },
    },
  };
}

/** The event of an inbound phone call from an address. */
export const callFrom = (address: string): ConnectEvent => connectEvent({ CustomerEndpoint: telephone(address) });

/** A parsed log line. */
export type LogLine = Record<string, unknown> & {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
};

/**
 * The answer of a call. Fails if the call takes longer than the limit. The limit is a timer of this event loop, like the limits of the
 * function: on a busy machine both timers are late, and their order stays the same.
 */
export async function inTime<T>(limitMs: number, call: () => Promise<T>): Promise<T> {
  const result = { isLate: false, limitMs };
  const timer = setTimeout(() => {
    result.isLate = true;
  }, limitMs);
  const answer = await call();
  clearTimeout(timer);
  // An `expect` takes as long as one invocation of the function, and some tests invoke it thousands of times.
  if (result.isLate) expect(result).toEqual({ isLate: false, limitMs });
  return answer;
}

export interface Function {
  readonly call: (event: unknown) => Promise<Answer>;
  readonly connected: Promise<void>;
  /** The parsed log lines so far. */
  readonly lines: LogLine[];
}

/** Starts the function in this process, with an endpoint. */
export function startFunction(
  endpoint: string,
  settings: Partial<FunctionSettings> = {},
  environment: Record<string, string> = {},
): Function {
  const lines: LogLine[] = [];
  const { handler, connected } = createHandler(
    {
      ...functionEnvironment({ ...SETTINGS, ...settings }),
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "ASIAEXAMPLE",
      AWS_SECRET_ACCESS_KEY: "example-secret",
      AWS_SESSION_TOKEN: "example-session-token",
      AWS_ENDPOINT_URL_DYNAMODB: endpoint,
      ...environment,
    },
    (line) => {
      if (!/^[^\n]+\n$/.test(line)) throw new Error(`This is not one line: ${JSON.stringify(line)}`);
      lines.push(JSON.parse(line) as LogLine);
    },
  );
  return { call: handler, connected, lines };
}
