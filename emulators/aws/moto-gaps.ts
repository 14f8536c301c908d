/** Corrects answers of moto (5.2) that differ from AWS and that matter to a deployment or an adopted table. */
import type { AwsResponse, Responder } from "./aws-endpoint";
import { type AwsRequest, parseJson } from "./aws-request";

type Json = Readonly<Record<string, unknown>>;

/** Properties of a table that moto does not store. */
interface DroppedOfTable {
  tableClass?: unknown;
  onDemandThroughput?: unknown;
  /** By index name. */
  readonly indexOnDemandThroughput: Map<string, unknown>;
  /** Number of `DescribeTable` responses that still show the index as CREATING, by index name. */
  readonly building: Map<string, number>;
}

/** Properties of functions that moto does not store, by unqualified ARN. */
interface DroppedOfFunctions {
  readonly loggingConfigs: Map<string, Json>;
  readonly architectures: Map<string, unknown>;
}

/** Number of `DescribeTable` responses that show a new index as CREATING. On AWS, the creation takes minutes. */
const descriptionsWhileBuilding = 2;

/**
 * Corrects requests and responses between clients and moto:
 *
 * - moto's `UpdateTable` replaces the attribute definitions; AWS adds the given definitions and drops definitions that no key uses.
 * - moto does not store the table class and the on-demand throughput of tables and indexes.
 * - moto sets an index to ACTIVE immediately; AWS first shows the table UPDATING and the index CREATING.
 * - moto returns `[]` for missing indexes, and the billing mode of a provisioned table; AWS omits both.
 * - moto does not store the `LoggingConfig` of a function; AWS always returns a logging configuration.
 * - moto does not store the architectures in a code update; AWS changes the architectures of the function.
 * - moto ignores the conditions of a bucket policy, so a policy that requires TLS would deny every request. Here each request counts as
 *   encrypted: it does not leave the machine.
 */
export function fillMotoGaps(moto: Responder): Responder {
  const tables = new Map<string, DroppedOfTable>();
  const functions: DroppedOfFunctions = { loggingConfigs: new Map(), architectures: new Map() };
  const bucketPolicies = new Map<string, string>();
  return (request) => {
    if (request.service === "s3") return answerS3(moto, request, bucketPolicies);
    if (request.service === "dynamodb") return answerDynamoDb(moto, request, tables);
    if (request.service === "lambda") return answerLambda(moto, request, functions);
    return moto(request);
  };
}

async function answerDynamoDb(
  moto: Responder,
  request: AwsRequest,
  tables: Map<string, DroppedOfTable>,
): Promise<AwsResponse> {
  const input = asRecord(request.input);
  const response =
    request.operation === "UpdateTable"
      ? await moto(await withAllAttributeDefinitions(moto, request, input))
      : await moto(request);
  const output = jsonOf(response);
  const member = ["Table", "TableDescription"].find((name) => output?.[name] !== undefined);
  if (response.status !== 200 || output === undefined || member === undefined) return response;

  const description = asRecord(output[member]);
  const arn = String(description["TableArn"]);
  const dropped = tables.get(arn) ?? { indexOnDemandThroughput: new Map(), building: new Map() };
  if (request.operation === "DeleteTable") tables.delete(arn);
  else tables.set(arn, dropped);
  if (["CreateTable", "UpdateTable"].includes(request.operation)) remember(dropped, input);
  return replaceBody(response, { ...output, [member]: asAwsDescribes(description, dropped) });
}

async function withAllAttributeDefinitions(moto: Responder, request: AwsRequest, input: Json): Promise<AwsRequest> {
  const given = asRecords(input["AttributeDefinitions"]);
  if (given.length === 0) return request;
  const described = await moto({
    ...request,
    headers: { ...request.headers, "x-amz-target": "DynamoDB_20120810.DescribeTable" },
    body: Buffer.from(JSON.stringify({ TableName: input["TableName"] })),
  });
  const live = asRecords(asRecord(jsonOf(described)?.["Table"])["AttributeDefinitions"]);
  const byName = new Map([...live, ...given].map((definition) => [definition["AttributeName"], definition]));
  const amended = { ...input, AttributeDefinitions: [...byName.values()] };
  return { ...request, body: Buffer.from(JSON.stringify(amended)) };
}

function remember(dropped: DroppedOfTable, input: Json): void {
  if (input["TableClass"] !== undefined) dropped.tableClass = input["TableClass"];
  if (input["OnDemandThroughput"] !== undefined) dropped.onDemandThroughput = input["OnDemandThroughput"];
  for (const index of asRecords(input["GlobalSecondaryIndexes"])) rememberIndex(dropped, index);
  for (const change of asRecords(input["GlobalSecondaryIndexUpdates"])) {
    const created = asRecord(change["Create"]);
    if (change["Create"] !== undefined) dropped.building.set(String(created["IndexName"]), descriptionsWhileBuilding);
    rememberIndex(dropped, created);
    rememberIndex(dropped, asRecord(change["Update"]));
    dropped.indexOnDemandThroughput.delete(String(asRecord(change["Delete"])["IndexName"]));
  }
}

function rememberIndex(dropped: DroppedOfTable, index: Json): void {
  if (index["OnDemandThroughput"] !== undefined)
    dropped.indexOnDemandThroughput.set(String(index["IndexName"]), index["OnDemandThroughput"]);
}

/** Converts moto's description of a table to the form that AWS returns. */
function asAwsDescribes(description: Json, dropped: DroppedOfTable): Json {
  const globalIndexes = asRecords(description["GlobalSecondaryIndexes"]).map((index) => {
    const name = String(index["IndexName"]);
    return {
      ...index,
      OnDemandThroughput: dropped.indexOnDemandThroughput.get(name),
      ...(isBuilding(dropped, name) ? { IndexStatus: "CREATING", Backfilling: false } : {}),
    };
  });
  const localIndexes = asRecords(description["LocalSecondaryIndexes"]);
  const keys = [description, ...globalIndexes, ...localIndexes].flatMap((keyed: Json) => asRecords(keyed["KeySchema"]));
  const keyAttributes = new Set(keys.map((key) => key["AttributeName"]));
  const onDemand = asRecord(description["BillingModeSummary"])["BillingMode"] === "PAY_PER_REQUEST";
  return {
    ...description,
    TableStatus: globalIndexes.some((index) => "Backfilling" in index) ? "UPDATING" : description["TableStatus"],
    AttributeDefinitions: asRecords(description["AttributeDefinitions"]).filter((definition) =>
      keyAttributes.has(definition["AttributeName"]),
    ),
    BillingModeSummary: onDemand ? description["BillingModeSummary"] : undefined,
    GlobalSecondaryIndexes: globalIndexes.length > 0 ? globalIndexes : undefined,
    LocalSecondaryIndexes: localIndexes.length > 0 ? localIndexes : undefined,
    OnDemandThroughput: dropped.onDemandThroughput,
    TableClassSummary: dropped.tableClass === undefined ? undefined : { TableClass: dropped.tableClass },
  };
}

/** Whether this description still shows the index as CREATING. Each call reduces the remaining number. */
function isBuilding({ building }: DroppedOfTable, indexName: string): boolean {
  const left = building.get(indexName) ?? 0;
  if (left > 0) building.set(indexName, left - 1);
  return left > 0;
}

async function answerLambda(
  moto: Responder,
  request: AwsRequest,
  { loggingConfigs, architectures }: DroppedOfFunctions,
): Promise<AwsResponse> {
  const response = await moto(request);
  const output = jsonOf(response);
  if (output === undefined) return response;
  const { LoggingConfig: given, Architectures: withCode } = asRecord(request.input);
  if (typeof output["FunctionArn"] === "string") {
    const arn = unqualified(output["FunctionArn"]);
    if (given !== undefined) loggingConfigs.set(arn, asRecord(given));
    // A function that is created again under the same name has its own architectures.
    if (request.operation === "CreateFunction") architectures.delete(arn);
    if (request.operation === "UpdateFunctionCode" && withCode !== undefined) architectures.set(arn, withCode);
  }

  const complete = (configuration: Json): Json => {
    if (typeof configuration["FunctionArn"] !== "string") return configuration;
    const arn = unqualified(configuration["FunctionArn"]);
    return {
      ...configuration,
      LoggingConfig: withDefaults(String(configuration["FunctionName"]), loggingConfigs.get(arn)),
      Architectures: architectures.get(arn) ?? configuration["Architectures"],
    };
  };
  const amended = { ...complete(output) };
  if (output["Configuration"] !== undefined) amended["Configuration"] = complete(asRecord(output["Configuration"]));
  for (const list of ["Functions", "Versions"])
    if (output[list] !== undefined) amended[list] = asRecords(output[list]).map(complete);
  return replaceBody(response, amended);
}

/** AWS's defaults. Log levels exist only with JSON. https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html */
const withDefaults = (functionName: string, given: Json = {}): Json => ({
  LogFormat: "Text",
  LogGroup: `/aws/lambda/${functionName}`,
  ...(given["LogFormat"] === "JSON" ? { ApplicationLogLevel: "INFO", SystemLogLevel: "INFO" } : {}),
  ...given,
});

const unqualified = (functionArn: string): string => functionArn.split(":").slice(0, 7).join(":");

/** @param policies the complete policies by path of the bucket */
async function answerS3(moto: Responder, request: AwsRequest, policies: Map<string, string>): Promise<AwsResponse> {
  const [bucket = ""] = request.url.split("?");
  if (request.operation !== "PutBucketPolicy") {
    const response = await moto(request);
    const kept = policies.get(bucket);
    // Without a policy, moto answers with an error.
    return request.operation === "GetBucketPolicy" && response.status === 200 && kept !== undefined
      ? { ...response, headers: { "content-type": "application/json" }, body: kept }
      : response;
  }
  const policy = asRecord(request.input);
  const Statement = asRecords(policy["Statement"]).filter((statement) => !deniesPlainConnections(statement));
  const response = await moto({ ...request, body: Buffer.from(JSON.stringify({ ...policy, Statement })) });
  if (response.status < 300) policies.set(bucket, request.body.toString());
  return response;
}

const deniesPlainConnections = ({ Effect, Condition }: Json): boolean =>
  Effect === "Deny" && asRecord(asRecord(Condition)["Bool"])["aws:SecureTransport"] === "false";

function replaceBody(response: AwsResponse, body: Json): AwsResponse {
  // SDKs verify this checksum, but the checksum is that of the original body.
  const headers = Object.entries(response.headers ?? {}).filter(([name]) => name !== "x-amz-crc32");
  return { ...response, headers: Object.fromEntries(headers), body: JSON.stringify(body) };
}

function jsonOf(response: AwsResponse): Json | undefined {
  const parsed = parseJson(Buffer.from(response.body));
  return parsed === undefined ? undefined : asRecord(parsed);
}

const asRecord = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {});

const asRecords = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.map(asRecord) : []);
