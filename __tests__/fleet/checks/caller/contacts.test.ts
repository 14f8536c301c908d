/** How much of the table check reads: keys to a limit, and of a few items the contact's id alone. */
import { contactIdAttributes } from "../../../../fleet/aws/contact-id-attributes";
import { contactsListed, contactsUnder, itemsRead } from "../../../../fleet/checks/caller/contacts";
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

/** The contacts, where the index has so many on pages of 60. */
async function under(count: number) {
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
  const listed = await contactsUnder(aws.clients.dynamodb, "dextr-acme", ["hash", "range"], "Blocked", "+15555550101");
  return {
    ...listed,
    projections: [...projections],
    reads: aws.calls.filter((call) => call === "dynamodb:GetItem").length,
  };
}

test("the keys are the table's, and the ids are asked for and nothing else", async () => {
  const { contacts, more, projections } = await under(2);
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
  "of %d contacts all are listed, and at most so many items read",
  async (count) => {
    const { contacts, more, reads } = await under(count);
    expect(contacts).toHaveLength(count);
    expect(more).toBe(false);
    expect(reads).toBe(itemsRead);
  },
);

test("it reads no further than it lists, and says that there are more", async () => {
  const { contacts, more } = await under(10_000);
  expect(contacts).toHaveLength(contactsListed);
  expect(more).toBe(true);
  expect(aws.calls.filter((call) => call === "dynamodb:Query")).toHaveLength(4);
  expect((await under(contactsListed)).more).toBe(false);
});
