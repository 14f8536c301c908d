/** `check` reads a limited number of keys, and only the contact id of a few items. */
import { contactIdAttributes } from "../../../../fleet/aws/contact-id-attributes";
import { contactsListed, contactsWithDisposition, itemsRead } from "../../../../fleet/checks/caller/contacts";
import { startAwsStub, type AwsStub } from "../../aws-answers";

let aws: AwsStub;
beforeAll(async () => {
  aws = await startAwsStub();
});
afterAll(() => aws.close());

const item = (n: number) => ({
  hash: { S: `contact-${String(n).padStart(3, "0")}` },
  range: { N: String(n) },
  Disposition: { S: "Blocked" },
  CustomerEndpoint: { S: "+15555550101" },
});

/** Reads the contacts from an index with `count` contacts on pages of 60. */
async function contactsOf(count: number) {
  const projections = new Set<unknown>();
  aws.calls.length = 0;
  aws.answers = {
    "dynamodb:Query": ({ ExclusiveStartKey }) => {
      const from = Number((ExclusiveStartKey as { range?: { N: string } } | undefined)?.range?.N ?? -1) + 1;
      const to = Math.min(from + 60, count);
      const Items = Array.from({ length: to - from }, (_, n) => item(from + n));
      return { Items, Count: Items.length, ...(to < count ? { LastEvaluatedKey: item(to - 1) } : {}) };
    },
    "dynamodb:GetItem": ({ Key, ProjectionExpression }) => {
      projections.add(ProjectionExpression);
      return { Item: { ContactId: { S: `id of ${(Key as { range: { N: string } }).range.N}` } } };
    },
  };
  const listed = await contactsWithDisposition(
    aws.clients.dynamodb,
    "dextr-acme",
    ["hash", "range"],
    "Blocked",
    "+15555550101",
  );
  return {
    ...listed,
    projections: [...projections],
    reads: aws.calls.filter((call) => call === "dynamodb:GetItem").length,
  };
}

test("contacts have the keys of the table, and only contact ids are requested", async () => {
  const { contacts, more, projections } = await contactsOf(2);
  expect(contacts).toEqual([
    {
      keys: [
        ["hash", "contact-000"],
        ["range", "0"],
      ],
      ids: [["ContactId", "id of 0"]],
    },
    {
      keys: [
        ["hash", "contact-001"],
        ["range", "1"],
      ],
      ids: [["ContactId", "id of 1"]],
    },
  ]);
  expect(more).toBe(false);
  expect(projections).toEqual([contactIdAttributes.join(", ")]);
});

test.each([itemsRead, itemsRead + 1, 130])(
  "all %d contacts are listed, and the number of items read is limited",
  async (count) => {
    const { contacts, more, reads } = await contactsOf(count);
    expect(contacts).toHaveLength(count);
    expect(more).toBe(false);
    expect(reads).toBe(itemsRead);
  },
);

test("reading stops at the limit, and more contacts are reported", async () => {
  const { contacts, more } = await contactsOf(10_000);
  expect(contacts).toHaveLength(contactsListed);
  expect(more).toBe(true);
  expect(aws.calls.filter((call) => call === "dynamodb:Query")).toHaveLength(4);
  expect((await contactsOf(contactsListed)).more).toBe(false);
});
