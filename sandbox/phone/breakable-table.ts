/** A layer in front of the table that fails as DynamoDB does, so that the function meets the fault on its own connection. */
import { type AwsResponse, forwardTo, type Responder, serveAws } from "../../emulators/aws/aws-endpoint";
import type { TableFault } from "./link";

export interface BreakableTable {
  /** Value for `AWS_ENDPOINT_URL_DYNAMODB`. */
  readonly endpoint: string;
  /** Sets the fault of the next requests; undefined if the table works. */
  setFault(fault: TableFault | undefined): Promise<void>;
  close(): Promise<void>;
}

/** @param table endpoint of the working table */
export async function startBreakableTable(table: string): Promise<BreakableTable> {
  const working = forwardTo(table);
  let current: TableFault | undefined;
  const respond: Responder = (request) => {
    switch (current) {
      case "throttled":
        return dynamoDbError("ThrottlingException", "Rate of requests exceeds the allowed throughput.");
      case "no-index":
        return dynamoDbError(
          "ValidationException",
          "The table does not have the specified index: Disposition-CustomerEndpoint-index",
        );
      case "access-denied":
        return dynamoDbError("AccessDeniedException", "The role is not authorized to perform: dynamodb:Query");
      case "slow":
        // The function closes the connection at the end of its time budget.
        return new Promise<AwsResponse>(() => undefined);
      default:
        return working(request);
    }
  };
  let server = await serveAws(respond);
  const { url } = server;
  const open = async (): Promise<void> => {
    server = await serveAws(respond, Number(new URL(url).port));
  };
  return {
    endpoint: url,
    setFault: async (fault) => {
      if (fault === current) return;
      if (current === "unreachable") await open();
      if (fault === "unreachable") await server.close();
      current = fault;
    },
    close: async () => {
      if (current !== "unreachable") await server.close();
    },
  };
}

const dynamoDbError = (type: string, message: string): AwsResponse => ({
  status: 400,
  headers: { "content-type": "application/x-amz-json-1.0" },
  body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message }),
});
