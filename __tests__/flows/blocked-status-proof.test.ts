// Simulates the blockedStatus module with every function result, every pattern of failing writes and every initial attribute.
import fc from "fast-check";
import { BLOCKED_STATUS_ACTIONS, blockedStatusModule } from "../../flows/blocked-status";
import { type InvokeLambda, simulate } from "../../flows/simulator";
import { inboundCall } from "./inbound-call";

const functionArn = "arn:aws:lambda:us-east-1:111122223333:function:blockedCalls-acme:live";
const module_ = blockedStatusModule({
  functionArn,
  blockedDisposition: "Nuisance:Confirmed",
  instanceName: "acme",
  flowTimeLimitSeconds: 1,
});

/** Function behaviour, and whether it is a match. */
const functionResults: Record<string, { invoke: InvokeLambda; match: boolean }> = {
  match: { invoke: () => ({ response: "match", reason: "listed" }), match: true },
  "match from the vendor's function": { invoke: () => ({ response: "match" }), match: true },
  "match as raw payload": { invoke: () => Promise.resolve('{"response":"match"}'), match: true },
  "match with an extra key": { invoke: () => ({ response: "match", blockedStatus: "nomatch" }), match: true },
  nomatch: { invoke: () => ({ response: "nomatch", reason: "not listed" }), match: false },
  "another case": { invoke: () => ({ response: "Match" }), match: false },
  "another key": { invoke: () => ({ blockedStatus: "match" }), match: false },
  "an error": { invoke: () => Promise.reject(new Error("AccessDenied")), match: false },
  "an error before the call": {
    invoke: () => {
      throw new Error("not associated");
    },
    match: false,
  },
  "a list": { invoke: () => ["match"], match: false },
  "bare text": { invoke: () => "match", match: false },
  "a non-string": { invoke: () => ({ response: true }), match: false },
  "a match beside a non-string": { invoke: () => ({ response: "match", count: 1 }), match: false },
  "a match beside null": { invoke: () => ({ response: "match", reason: null }), match: false },
  "over 32 kB": { invoke: () => ({ response: "match", pad: "é".repeat(16_384) }), match: false },
  "an empty object": { invoke: () => ({}), match: false },
  null: { invoke: () => null, match: false },
  nothing: { invoke: () => undefined, match: false },
  "a timeout": { invoke: () => new Promise(() => undefined), match: false },
};

const initialAttributes: Record<string, string>[] = [{}, { blockedStatus: "match" }, { blockedStatus: "nomatch" }];
/** Bit n is set if write n + 1 fails. The longest path through the module has three writes. */
const writePatterns = [0, 1, 2, 3, 4, 5, 6, 7];

async function expectCorrectStatus(
  invoke: InvokeLambda,
  match: boolean,
  initial: Record<string, string>,
  pattern: number,
) {
  const writes: { value: string; ok: boolean }[] = [];
  const result = await simulate({
    content: module_,
    kind: "module",
    contact: inboundCall(initial),
    invokeLambda: invoke,
    failWrite: (identifier, nth) => {
      const fails = ((pattern >> (nth - 1)) & 1) === 1;
      writes.push({ value: identifier === BLOCKED_STATUS_ACTIONS.setMatch ? "match" : "nomatch", ok: !fails });
      return fails;
    },
  });
  const matchWritten = match && writes.some((w) => w.value === "match" && w.ok);
  const anyWritten = writes.some((w) => w.ok);
  const expected = matchWritten ? "match" : anyWritten ? "nomatch" : initial["blockedStatus"];
  expect({ initial, pattern, status: result.attributes["blockedStatus"] }).toEqual({
    initial,
    pattern,
    status: expected,
  });
  expect(result.ending).toEqual({ kind: "returned" });
  if (!matchWritten) expect(writes.filter((w) => w.value === "nomatch")).toHaveLength(2);
}

test.each(Object.entries(functionResults))(
  "after %s the attribute is correct for every contact and failing write",
  async (_, { invoke, match }) => {
    // Run concurrently, because the timeout case takes the whole time limit of the block.
    await Promise.all(
      initialAttributes.flatMap((initial) =>
        writePatterns.map((pattern) => expectCorrectStatus(invoke, match, initial, pattern)),
      ),
    );
  },
);

test("the function receives the configured Disposition, the instance name and the caller", async () => {
  const invokeLambda = jest.fn<unknown, Parameters<InvokeLambda>>(() => ({ response: "nomatch" }));
  await simulate({ content: module_, kind: "module", contact: inboundCall({ vip: "yes" }), invokeLambda });
  const [arn, event, timeLimitMs] = invokeLambda.mock.calls[0] ?? [];
  expect(arn).toBe(functionArn);
  expect(timeLimitMs).toBe(1000);
  expect(event).toMatchObject({
    Name: "ContactFlowEvent",
    Details: {
      ContactData: {
        Attributes: { vip: "yes", blockedStatus: "nomatch" },
        ContactId: "5ca32fbd-8f92-46af-92a5-6b0f970f0efe",
        CustomerEndpoint: { Address: "+15555550100", Type: "TELEPHONE_NUMBER" },
      },
      Parameters: { BlockedDisposition: "Nuisance:Confirmed", InstanceName: "acme" },
    },
  });
});

test("the module changes only its own attribute", async () => {
  const result = await simulate({
    content: module_,
    kind: "module",
    contact: inboundCall({ vip: "yes" }),
    invokeLambda: () => ({ response: "match", vip: "no" }),
  });
  expect(result.attributes).toEqual({ vip: "yes", blockedStatus: "match" });
});

test("a Disposition and an instance name without a reference reach the function unchanged", async () => {
  const piece = fc.oneof(
    fc.constantFrom('"', "\\", "${", "%{", "$${", "$$", "%%{", "$", "{", "\\u0024{", "\n", "😀", ":", "</speak>"),
    fc.string({ unit: "grapheme" }),
  );
  const text = fc
    .array(piece, { minLength: 1, maxLength: 20 })
    .map((pieces) => pieces.join(""))
    .filter((t) => t !== "" && t === t.normalize("NFC") && !t.includes("$.") && !t.includes("$["));
  await fc.assert(
    fc.asyncProperty(text, text, async (blockedDisposition, instanceName) => {
      const content = blockedStatusModule({ functionArn, blockedDisposition, instanceName, flowTimeLimitSeconds: 3 });
      let parameters: unknown;
      await simulate({
        content,
        kind: "module",
        contact: inboundCall({}),
        invokeLambda: (_, event) => {
          parameters = event.Details.Parameters;
          return { response: "nomatch" };
        },
      });
      expect(parameters).toEqual({ BlockedDisposition: blockedDisposition, InstanceName: instanceName });
    }),
  );
});

test("a Disposition of 4 kB reaches the function", async () => {
  const blockedDisposition = "x".repeat(4096);
  const content = blockedStatusModule({
    functionArn,
    blockedDisposition,
    instanceName: "acme",
    flowTimeLimitSeconds: 3,
  });
  const result = await simulate({
    content,
    kind: "module",
    contact: inboundCall({}),
    invokeLambda: (_, event) => ({
      response: event.Details.Parameters["BlockedDisposition"] === blockedDisposition ? "match" : "nomatch",
    }),
  });
  expect(result.attributes["blockedStatus"]).toBe("match");
});
