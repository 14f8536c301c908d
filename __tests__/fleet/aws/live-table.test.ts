/** Reading the description of a table. */
import type { KeySchemaElement } from "@aws-sdk/client-dynamodb";
import { tableKeys } from "../../../fleet/aws/live-table";

test("the partition key comes first, with or without a sort key", () => {
  const KeySchema: KeySchemaElement[] = [
    { AttributeName: "when", KeyType: "RANGE" },
    { AttributeName: "who", KeyType: "HASH" },
  ];
  expect(tableKeys({ KeySchema })).toEqual(["who", "when"]);
  expect(tableKeys({ KeySchema: KeySchema.slice(1) })).toEqual(["who"]);
});
