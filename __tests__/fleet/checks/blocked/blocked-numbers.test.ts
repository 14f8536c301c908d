/** A list of 100,000 blocked numbers: the list is complete, and its memory is constant. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { blockingIndex } from "../../../../config/blocking-index";
import { serveAws } from "../../../../emulators/aws/aws-endpoint";
import { withoutLogger } from "../../../../fleet/aws/instance-clients";
import { blockedNumbers } from "../../../../fleet/checks/blocked/blocked-numbers";
import { ReadBudget } from "../../../../fleet/checks/blocked/read-budget";
import { loadOne, validYaml } from "../../../config/environment-files";

const numbers = 100_000;

interface Query {
  readonly Limit: number;
  readonly ExclusiveStartKey?: { readonly hash: { readonly S: string } };
}

/** One page of an index with a contact for each number. The keys are long, so that kept contacts would need 50 MB. */
function pageOf({ Limit, ExclusiveStartKey }: Query): object {
  const first = Number(ExclusiveStartKey?.hash.S.slice(0, 6) ?? -1) + 1;
  const Items = Array.from({ length: Math.min(Limit, numbers - first) }, (_, n) => {
    const number = String(first + n).padStart(6, "0");
    return {
      hash: { S: `${number}-${"x".repeat(500)}` },
      range: { S: "contact" },
      [blockingIndex.hashKey]: { S: "Blocked" },
      [blockingIndex.rangeKey]: { S: `+15555${number}` },
    };
  });
  const isLast = first + Items.length === numbers;
  return { Items, ConsumedCapacity: { CapacityUnits: 1 }, ...(isLast ? {} : { LastEvaluatedKey: Items.at(-1) }) };
}

test("memory does not grow with 100,000 blocked numbers, and each number is listed once, in order", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const endpoint = await serveAws(({ input }) => ({
    status: 200,
    headers: { "content-type": "application/x-amz-json-1.0" },
    body: JSON.stringify(pageOf(input as Query)),
  }));
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" };
  const dynamodb = withoutLogger(new DynamoDBClient({ endpoint: endpoint.url, region: "us-east-1", credentials }));
  const budget = new ReadBudget({ unitsPerSecond: 100_000, signal: new AbortController().signal });
  const heap: number[] = [];
  let count = 0;
  let isInOrder = true;
  for await (const { address, status } of blockedNumbers(loadOne(validYaml), dynamodb, ["hash", "range"], budget, {})) {
    isInOrder &&= address === `+15555${String(count).padStart(6, "0")}` && status === "blocked";
    if (++count % 10_000 !== 0) continue;
    collect();
    heap.push(process.memoryUsage().heapUsed);
  }
  dynamodb.destroy();
  await endpoint.close();
  expect({ count, isInOrder }).toEqual({ count: numbers, isInOrder: true });
  const [first = 0, ...later] = heap;
  expect(later).toHaveLength(9);
  expect(Math.max(...later) - first).toBeLessThan(5 * 2 ** 20);
});
