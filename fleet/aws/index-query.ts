/** The query for contacts in our index: with a Disposition, or with a Disposition and a number. */
import { blockingIndex } from "../../config/blocking-index";

/** The input of `QueryCommand` and `paginateQuery`. @param number undefined: contacts of any number */
export function indexQuery(TableName: string, disposition: string, number?: string) {
  const { name, hashKey, rangeKey } = blockingIndex;
  return {
    TableName,
    IndexName: name,
    KeyConditionExpression: `${hashKey} = :disposition${number === undefined ? "" : ` AND ${rangeKey} = :number`}`,
    ExpressionAttributeValues: {
      ":disposition": { S: disposition },
      ...(number === undefined ? {} : { ":number": { S: number } }),
    },
  };
}
