/** Tests with arbitrary events and servers: no exception, a flat map of strings in time, no part of a number in the log. */
import fc from "fast-check";
import { field } from "../../../lambda/blocked-calls/field";
import { REASONS } from "../../../lambda/blocked-calls/reasons";
import type { FunctionSettings } from "../../../lambda/settings";
import { callFrom, CONTACT_ID, inTime, startFunction, type LogLine } from "./connect-event";
import {
  count,
  dynamoDbError,
  http,
  match,
  startScriptedServer,
  type Script,
  type ScriptedServer,
} from "./scripted-server";
import { unicodeString } from "../../unicode-string";

/**
 * The budget of a call in milliseconds. It is short, so that thousands of calls take seconds although some servers never answer. On a busy
 * machine it is longer, so that servers which do answer are in time.
 */
let budgetMs = 150;

/** Time limit for a call: its budget, and an allowance for a hundred parallel calls on one thread. */
const limitMs = (): number => budgetMs + 1000;

/** Number of events. Without RUNS, a part of the sweep runs, always with the same events. */
const { RUNS } = process.env;
const EVENTS = Number(RUNS ?? 5_000);

/** Parallel calls in one batch, spread over several functions. */
const CALLS = 100;
const FUNCTIONS = 10;

const number = fc.integer({ min: 0, max: 99 }).map((n) => `+155555501${String(n).padStart(2, "0")}`);

/** Any value; some contain the number. */
const anything = fc.oneof(
  number,
  number.map((text) => ({ Address: text })),
  unicodeString(),
  fc.constantFrom("", "Anonymous", "Blocked", "acme-dev", "VOICE", "INBOUND", CONTACT_ID, null, undefined),
  fc.anything({ withNullPrototype: true, withSparseArray: true, maxDepth: 2 }),
);

/** Returns the usual value in 20 of 21 cases, otherwise any value. Events in the shape of Connect consist of such values. */
const mostly = (usual: fc.Arbitrary<unknown>) =>
  fc.oneof({ arbitrary: usual, weight: 20 }, { arbitrary: anything, weight: 1 });
const contactData = fc.record({
  Channel: mostly(fc.constantFrom("VOICE", "CHAT", "TASK", "EMAIL")),
  InitiationMethod: mostly(fc.constantFrom("INBOUND", "API", "WEBRTC_API", "TRANSFER")),
  ContactId: mostly(fc.constant(CONTACT_ID)),
  CustomerEndpoint: mostly(fc.record({ Address: mostly(number), Type: anything })),
  Attributes: anything,
});
const parameters = fc.record({
  BlockedDisposition: mostly(fc.constantFrom("Blocked", "Nuisance:Confirmed", 'say "no"', "拒否🚫", "\ud800")),
  InstanceName: mostly(fc.constant("acme-dev")),
});
const event = fc.oneof(
  {
    arbitrary: fc.record({
      Details: mostly(fc.record({ ContactData: mostly(contactData), Parameters: mostly(parameters) })),
    }),
    weight: 4,
  },
  { arbitrary: anything, weight: 1 },
);

const settings: fc.Arbitrary<Partial<FunctionSettings>> = fc.record({
  blockedDispositions: fc.subarray(["Blocked", "Nuisance:Confirmed", "Spam"], { minLength: 1 }),
  anonymousCallers: fc.constantFrom("allow", "block"),
  exemptNumbers: fc.subarray(["+15555550100", "+155555501*", "+1800*"], { maxLength: 1 }),
});

/** A placeholder of the same length as the number. The server replaces it with the number of the query. */
const CALLER = "<the caller>";
/** The server replaces this with a match if it lists the number. */
const MATCH = "<match if listed>";
/** The server lists every second number. */
const isListed = (address: string): boolean => /^\+155555501\d[02468]$/.test(address);
const bytes = fc.oneof(
  fc.constantFrom(count(0), MATCH, count(0), MATCH, count(1)),
  fc.constantFrom(400, 403, 429, 500, 503).map((status) => http(status, `the number is ${CALLER}`)),
  fc
    .tuple(
      fc.constantFrom(
        "ThrottlingException",
        "ValidationException",
        "AccessDeniedException",
        "ExpiredTokenException",
        CALLER,
        `${CALLER}Exception`,
      ),
      fc.constantFrom(400, 500),
    )
    .map(([type, status]) => dynamoDbError(status, type, `for ${CALLER}`)),
  fc.json().map((body) => http(200, body)),
  fc.anything().map((value) => http(200, JSON.stringify({ Count: value }) || "")),
  fc.constantFrom("HTTP/1.1 200 OK\r\n\r\n{", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 204 No\r\n\r\n", CALLER, ""),
  unicodeString(),
);
const behaviour = fc.record({
  answer: bytes,
  /** The fraction of the answer that is sent, from 0 to 1; null sends the complete answer. */
  sentFraction: fc.oneof(
    { arbitrary: fc.constant(null), weight: 4 },
    { arbitrary: fc.double({ min: 0, max: 1, noNaN: true }), weight: 1 },
  ),
  /** The state of the connection after the answer. `stay` is rare, because the call then waits for its whole budget. */
  ending: fc.oneof(
    { arbitrary: fc.constantFrom("stay if whole", "end", "reset"), weight: 60 },
    { arbitrary: fc.constant("stay"), weight: 1 },
  ),
  /** Whether the whole answer is written a second time, and after how many milliseconds; 0 is the same packet. */
  repeatAfterMs: fc.oneof(
    { arbitrary: fc.constant(undefined), weight: 3 },
    { arbitrary: fc.constantFrom(0, 1, 10, 50), weight: 1 },
  ),
});
type Behaviour = typeof behaviour extends fc.Arbitrary<infer B> ? B : never;

const play =
  ({ answer, sentFraction, ending, repeatAfterMs }: Behaviour): Script =>
  (socket, { body }) => {
    // The number of the key. The Disposition of an arbitrary event can be a number too.
    const caller = String(field(JSON.parse(body), "ExpressionAttributeValues", ":c", "S"));
    const text = answer.replaceAll(CALLER, caller).replaceAll(MATCH, isListed(caller) ? match(body) : count(0));
    const whole = sentFraction === null && /^HTTP.*Content-Length/s.test(text);
    const after = (): void => {
      if (ending === "end" || (ending === "stay if whole" && !whole)) socket.end();
      else if (ending === "reset") socket.resetAndDestroy();
    };
    if (repeatAfterMs !== undefined && repeatAfterMs > 0) {
      setTimeout(() => {
        if (socket.writable) socket.write(text);
      }, repeatAfterMs);
    }
    const first = sentFraction === null ? text : text.slice(0, Math.floor(text.length * sentFraction));
    socket.write(repeatAfterMs === 0 ? first + text : first, after);
  };

/** Every sequence of five digits in the numbers of this test. */
const DIGIT_SEQUENCES = new Set(
  Array.from({ length: 100 }, (_, n) => `155555501${String(n).padStart(2, "0")}`).flatMap((digits) =>
    Array.from({ length: digits.length - 4 }, (_, start) => digits.slice(start, start + 5)),
  ),
);

function leaks(text: string): boolean {
  return Array.from(text, (_, start) => text.slice(start, start + 5)).some((sequence) => DIGIT_SEQUENCES.has(sequence));
}

/** The log line without the fields that do not depend on the caller. */
function callerDependentPart(line: LogLine): string {
  const { _aws: aws, LatencyMs: latency, contactId, ...rest } = line;
  const isUsualContact = contactId === undefined || contactId === CONTACT_ID;
  expect([typeof aws.Timestamp, typeof latency, isUsualContact]).toEqual(["number", "number", true]);
  return JSON.stringify(rest);
}

const addressOf = (anyEvent: unknown): string =>
  String(field(anyEvent, "Details", "ContactData", "CustomerEndpoint", "Address"));

let server: ScriptedServer;
let behaviours: readonly Behaviour[] = [];
beforeAll(async () => {
  server = await startScriptedServer((socket, request) => {
    const script = behaviours[request.index % behaviours.length];
    if (script !== undefined) play(script)(socket, request);
  });
});
afterAll(async () => {
  await server.stop();
});

/** Measures a batch of calls that a server answers at once. */
async function measureBatch(): Promise<number> {
  behaviours = [{ answer: count(0), sentFraction: null, ending: "stay if whole", repeatAfterMs: undefined }];
  const functions = Array.from({ length: FUNCTIONS }, () => startFunction(server.url, { budgetMs: 7000 }));
  await Promise.all(functions.map(({ connected }) => connected));
  const start = performance.now();
  const calls = Array.from({ length: CALLS / FUNCTIONS }, () => callFrom("+15555550101"));
  await Promise.all(functions.flatMap(({ call }) => calls.map(call)));
  return performance.now() - start;
}
beforeEach(async () => {
  const slowest = Math.max(await measureBatch(), await measureBatch());
  budgetMs = Math.min(7000, Math.max(150, Math.ceil(2 * slowest)));
});

test("the leak check finds the number and parts of it", () => {
  expect(leaks("from +15555550142")).toBe(true);
  expect(leaks("...50142")).toBe(true);
  expect(leaks("15555")).toBe(true);
  expect(leaks("1555 5501 42, and 1234567890")).toBe(false);
});

test(`${EVENTS} arbitrary events with arbitrary servers get a valid answer in time and leak no number`, async () => {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: CALLS, maxLength: CALLS, size: "max" }),
      fc.array(settings, { minLength: FUNCTIONS, maxLength: FUNCTIONS }),
      fc.array(behaviour, { minLength: 1, maxLength: 5 }),
      async (events, anySettings, anyBehaviours) => {
        behaviours = anyBehaviours;
        const functions = anySettings.map((some) => startFunction(server.url, { ...some, budgetMs }));
        await Promise.all(functions.map(({ connected }) => connected));
        await Promise.all(
          events.map(async (anyEvent, i) => {
            const { call } = functions[i % FUNCTIONS] ?? startFunction(server.url);
            const answer = await inTime(limitMs(), () => call(anyEvent));
            const { reason } = answer;
            const isKnown = Object.hasOwn(REASONS, reason) && reason !== "internal_error";
            // Second responses to other calls never give a match.
            const isRight = reason !== "blocked" || isListed(addressOf(anyEvent));
            // A single `expect`, because each takes as long as one invocation of the function.
            expect({ answer, isKnown, isRight }).toStrictEqual({
              answer: { reason, response: isKnown ? REASONS[reason].response : "no known reason" },
              isKnown: true,
              isRight: true,
            });
            seen.set(answer.reason, (seen.get(answer.reason) ?? 0) + 1);
          }),
        );
        const lines = functions.flatMap((each) => each.lines);
        expect(lines).toHaveLength(CALLS);
        expect(lines.map(callerDependentPart).filter(leaks)).toEqual([]);
      },
    ),
    // Each step of shrinking would be a batch of mostly slow network calls. The seed in the message is enough.
    {
      numRuns: Math.ceil(EVENTS / CALLS) + 1,
      endOnFailure: true,
      ...(RUNS === undefined ? { seed: 1 } : {}),
      // With a long budget, a call repeats its request until a server answers. This server never answers.
      examples: [
        [
          fc.sample(event, { numRuns: CALLS, seed: 1 }),
          fc.sample(settings, { numRuns: FUNCTIONS, seed: 1 }),
          [{ answer: "", sentFraction: null, ending: "stay", repeatAfterMs: undefined }],
        ],
      ],
    },
  );
  // The events and servers cover these reasons.
  const covered = [
    "blocked",
    "not_blocked",
    "exempt",
    "anonymous_blocked",
    "no_number",
    "not_e164",
    "other_instance",
    "timeout",
    "throttled",
  ];
  expect([...seen.keys()]).toEqual(
    expect.arrayContaining([...covered, "connection_lost", "bad_answer", "server_error"]),
  );
}, 3_600_000);
