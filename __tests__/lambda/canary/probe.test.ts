/** Tests the probe with the real function and a DynamoDB emulator, and with functions that answer wrongly. */
import { DynamoDBClient, paginateQuery, QueryCommand } from "@aws-sdk/client-dynamodb";
import fc from "fast-check";
import { CONTACTS_READ, probe, type ProbeAccess, type ProbeTarget } from "../../../lambda/canary/probe";
import { INDEX_NAME } from "../../../lambda/settings";
import { type ContactTable, startContactTable } from "../../../emulators/contact-table";
import { connectEvent, SETTINGS, startFunction, type Function } from "../blocked-calls/connect-event";

const target: ProbeTarget = {
  instanceName: SETTINGS.instanceName,
  instanceArn: "arn:aws:connect:us-east-1:111122223333:instance/9308c2a1-9bc6-4cea-8290-6c0b4a6d38fa",
  region: "us-east-1",
  blockedDispositions: ["Blocked", "Nuisance:Confirmed"],
  exemptNumbers: [],
  otherNumbers: false,
};
const UNLISTED_IS_RIGHT = {
  listedUnder: undefined,
  expected: "nomatch",
  answered: "nomatch",
  reason: "not_blocked",
  right: true,
};
const LISTED_IS_RIGHT = {
  listedUnder: "Blocked",
  expected: "match",
  answered: "match",
  reason: "blocked",
  right: true,
};

let table: ContactTable;
let client: DynamoDBClient;
beforeEach(async () => {
  table = await startContactTable(SETTINGS.tableName, "us-east-1");
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" };
  client = new DynamoDBClient({ endpoint: table.endpoint, region: "us-east-1", credentials });
});
afterEach(async () => {
  client.destroy();
  await table.stop();
});

/** Access to the index of the emulated table and to a function. */
function access(invoke: ProbeAccess["invoke"], pageSize = 1000): ProbeAccess {
  const input = (condition: string, values: Record<string, string>) => ({
    TableName: SETTINGS.tableName,
    IndexName: INDEX_NAME,
    KeyConditionExpression: condition,
    ExpressionAttributeValues: Object.fromEntries(Object.entries(values).map(([name, S]) => [name, { S }])),
  });
  return {
    listedNumbers: async function* (disposition) {
      const query = input("Disposition = :d", { ":d": disposition });
      for await (const { Items = [] } of paginateQuery({ client, pageSize }, query))
        for (const { CustomerEndpoint } of Items) yield CustomerEndpoint?.S ?? "";
    },
    isListed: async (disposition, number) => {
      const condition = "Disposition = :d AND CustomerEndpoint = :c";
      const { Count } = await client.send(new QueryCommand(input(condition, { ":d": disposition, ":c": number })));
      return Count !== 0;
    },
    invoke,
  };
}
const startDeployedFunction = (settings: Parameters<typeof startFunction>[1] = {}): Function =>
  startFunction(table.endpoint, { blockedDispositions: target.blockedDispositions, ...settings });
const listNumbers = (...numbers: string[]) =>
  Promise.all(
    numbers.map((customerEndpoint, i) =>
      table.put({ contactId: `${customerEndpoint} ${i}`, customerEndpoint, disposition: "Blocked" }),
    ),
  );

test("with an index without contacts, only an unlisted number is tested", async () => {
  expect(await probe(target, access(startDeployedFunction().call))).toEqual({
    answers: [UNLISTED_IS_RIGHT],
    listedContacts: 0,
  });
});

test("one listed number is tested under each Disposition, also if the flow does not pass the Disposition", async () => {
  await listNumbers("+15555550150", "+15555550151");
  await table.put({ contactId: "n", customerEndpoint: "+15555550152", disposition: "Nuisance:Confirmed" });
  expect(await probe(target, access(startDeployedFunction().call))).toEqual({
    answers: [UNLISTED_IS_RIGHT, LISTED_IS_RIGHT, { ...LISTED_IS_RIGHT, listedUnder: "Nuisance:Confirmed" }],
    listedContacts: 3,
  });
});

test("only numbers that can be blocked count as listed and are tested", async () => {
  await listNumbers("Anonymous", "", "sip:caller@example.com", "+15555550160", "+15555550170").catch(() => undefined);
  const exemptNumbers = ["+1555555016*"];
  const tested: unknown[] = [];
  const lambda = startDeployedFunction({ exemptNumbers });
  const result = await probe(
    { ...target, exemptNumbers },
    access((event) => {
      tested.push((event as ReturnType<typeof connectEvent>).Details.ContactData.CustomerEndpoint);
      return lambda.call(event);
    }),
  );
  expect(result).toEqual({ answers: [UNLISTED_IS_RIGHT, LISTED_IS_RIGHT], listedContacts: 1 });
  expect(tested[1]).toEqual({ Address: "+15555550170", Type: "TELEPHONE_NUMBER" });
});

test("the unlisted number is not exempt and not listed under any blocked Disposition", async () => {
  await listNumbers("+15555550120");
  await table.put({ contactId: "n", customerEndpoint: "+15555550121", disposition: "Nuisance:Confirmed" });
  const exemptNumbers = ["+1555555010*", "+1555555011*"];
  const lambda = startDeployedFunction({ exemptNumbers });
  const result = await probe({ ...target, exemptNumbers }, access(lambda.call));
  expect(result.answers[0]).toEqual(UNLISTED_IS_RIGHT);
  expect(result.answers.every(({ right }) => right)).toBe(true);
});

test("if every fictitious number is exempt, no unlisted number is tested", async () => {
  const exemptNumbers = ["+1*"];
  const lambda = startDeployedFunction({ exemptNumbers });
  expect(await probe({ ...target, exemptNumbers }, access(lambda.call))).toEqual({ answers: [], listedContacts: 0 });
});

test("the contacts under a Disposition are read page by page, up to the limit", async () => {
  let read = 0;
  const endless: ProbeAccess = {
    ...access(startDeployedFunction().call),
    async *listedNumbers() {
      for (;;) {
        await Promise.resolve();
        read++;
        yield "+15555550199";
      }
    },
    isListed: (_, number) => Promise.resolve(number === "+15555550199"),
    invoke: () => Promise.resolve({ response: "nomatch", reason: "not_blocked" }),
  };
  const oneDisposition = { ...target, blockedDispositions: ["Blocked"] };
  expect((await probe(oneDisposition, endless)).listedContacts).toBe(CONTACTS_READ);
  expect(read).toBe(CONTACTS_READ);

  await listNumbers(...Array.from({ length: 25 }, (_, n) => `+155555501${n + 10}`));
  expect((await probe(oneDisposition, access(startDeployedFunction().call, 10))).listedContacts).toBe(25);
});

describe("a function that answers wrongly", () => {
  beforeEach(() => listNumbers("+15555550150"));
  const wrong = async (invoke: ProbeAccess["invoke"]) =>
    (await probe(target, access(invoke))).answers.filter(({ right }) => !right);

  test("a function that never answers match has a wrong answer for the listed number", async () => {
    expect(await wrong(() => Promise.resolve({ response: "nomatch", reason: "not_blocked" }))).toEqual([
      { ...LISTED_IS_RIGHT, answered: "nomatch", reason: "not_blocked", right: false },
    ]);
  });

  test("a function that always answers match has a wrong answer for the unlisted number", async () => {
    expect(await wrong(() => Promise.resolve({ response: "match", reason: "blocked" }))).toEqual([
      { ...UNLISTED_IS_RIGHT, answered: "match", reason: "blocked", right: false },
    ]);
  });

  test("a nomatch because of a fault is a wrong answer for both numbers", async () => {
    const { call } = startFunction("http://127.0.0.1:9");
    const faulty = { answered: "nomatch", reason: "connection_failed", right: false };
    expect(await wrong(call)).toEqual([
      { ...UNLISTED_IS_RIGHT, ...faulty },
      { ...LISTED_IS_RIGHT, ...faulty },
    ]);
  });

  test("an answer of any other shape is unreadable, and none of it is repeated", async () => {
    const anything = fc.oneof(
      fc.anything(),
      fc.record({ response: fc.constant("+15555550150"), reason: fc.constant("number 15555550150") }),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (answer) => {
        const [{ answered, reason } = UNLISTED_IS_RIGHT] = await wrong(() => Promise.resolve(answer));
        expect(`${answered} ${reason}`).not.toMatch(/\d{4}/);
        if (typeof answer !== "object") expect([answered, reason]).toEqual(["unreadable", "unreadable"]);
      }),
      { numRuns: 30 },
    );
  });

  test("an error of the invocation is rethrown", async () => {
    await expect(wrong(() => Promise.reject(new Error("no such function")))).rejects.toThrow("no such function");
  });
});

describe("a change between the query and the invocation", () => {
  const changingBefore = (change: () => Promise<unknown>) => {
    const lambda = startDeployedFunction();
    return access(async (event) => {
      await change();
      return lambda.call(event);
    });
  };

  test("an overridden contact is not a wrong answer", async () => {
    await listNumbers("+15555550150");
    let invocations = 0;
    const change = async () => {
      if (++invocations === 2) await table.overrideDisposition("+15555550150 0", "Sale");
    };
    expect((await probe(target, changingBefore(change))).answers).toEqual([UNLISTED_IS_RIGHT]);
    expect(invocations).toBe(2);
  });

  test("a newly listed number is not a wrong answer", async () => {
    const { answers } = await probe(
      target,
      changingBefore(() => listNumbers("+15555550100")),
    );
    expect(answers).toEqual([LISTED_IS_RIGHT]);
  });
});

test("the result contains no number", async () => {
  await listNumbers("+15555550150");
  expect(JSON.stringify(await probe(target, access(startDeployedFunction().call)))).not.toMatch(/\d{4}/);
});

test("the function answers a probe like a call, and its log line is marked and has no metrics", async () => {
  await listNumbers("+15555550150");
  const lambda = startDeployedFunction();
  await probe(target, access(lambda.call));
  await lambda.call(connectEvent());
  expect(lambda.lines.map((line) => [line["probe"], line["reason"], "_aws" in line])).toEqual([
    [true, "not_blocked", false],
    [true, "blocked", false],
    [undefined, "not_blocked", true],
  ]);
  const [first, , last] = lambda.lines.map((line) => Object.keys(line));
  expect(first?.filter((key) => key !== "probe")).toEqual(last?.filter((key) => key !== "_aws"));
});
